"""Eligibility as data: rules that officials can read, three outcomes, amounts with formulas."""
