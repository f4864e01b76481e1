"""Hand-overs at the edge: the promise, the staff's pages, the page of the person who asked."""
