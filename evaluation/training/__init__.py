"""Training questions, written for it, and how the assistant's small models are made from them."""
