"""Decisions on sessions, and what needs two people."""
