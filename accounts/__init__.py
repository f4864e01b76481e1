"""Accounts of staff and mentors: who they are and what they may do."""
