"""The test bench at the edge: one question watched, many compared."""
