"""The edge: HTTP, pages, commands and the wiring of the parts."""
