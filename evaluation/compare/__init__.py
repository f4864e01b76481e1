"""Comparison with other people's retrieval pipelines; their packages are the extra `compare`."""
