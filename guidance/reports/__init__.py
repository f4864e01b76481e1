"""Reports: every figure computed once, for every format."""
