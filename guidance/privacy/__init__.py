"""A person's rights over the record, and how long words are kept."""
