"""Pairings: a need, a proposal, an acceptance, and what ends them."""
