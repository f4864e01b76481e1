"""Guidance sessions: what was asked, what was answered, what counts."""
