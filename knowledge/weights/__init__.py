"""Weights of the sentence encoder: read as data, converted, cached."""
