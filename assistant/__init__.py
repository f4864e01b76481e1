"""The assistant: one question in, one bound answer out."""
