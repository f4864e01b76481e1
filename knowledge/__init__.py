"""The policy knowledge base: documents, clauses, passages and their retrieval."""
