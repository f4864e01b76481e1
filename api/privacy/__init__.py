"""Personal data at the edge: a person's rights, and the retention schedule."""
