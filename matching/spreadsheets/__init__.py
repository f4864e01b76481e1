"""Records from and to spreadsheets: read in a limited child, judged row by row."""
