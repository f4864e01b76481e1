"""The ledger at the edge: the pages of those who record, review, sign and audit."""
