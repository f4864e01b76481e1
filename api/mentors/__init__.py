"""Mentors at the edge: the register, the mentor's own desk, asking for one, pairing."""
