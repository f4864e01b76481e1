"""Reports at the edge: pages, Word, Excel and masked files."""
