"""Measured quality: cases, metrics and runners that call production code."""
