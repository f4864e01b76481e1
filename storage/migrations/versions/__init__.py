"""One module per schema change, numbered in order."""
