"""Open questions at the edge: gathered, drafted, approved, published."""
