"""Accounts at the edge: signing in, one's own account, their administration."""
