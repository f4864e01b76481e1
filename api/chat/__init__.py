"""The chat at the edge: messages in, replies out, as an API and as a page."""
