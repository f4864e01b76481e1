"""Quarters: closed, locked, corrected without being changed."""
