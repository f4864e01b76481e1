"""What counts: the rules as data, judging by them, running sums, the checks."""
