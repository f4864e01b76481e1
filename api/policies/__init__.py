"""The policies at the edge: read by anyone, kept by administrators."""
