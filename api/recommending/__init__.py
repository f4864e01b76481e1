"""Recommendations at the edge: their API, the person's profile, the weights."""
