"""The project library at the edge: its public pages and its administration."""
