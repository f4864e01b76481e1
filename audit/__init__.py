"""The append-only log of what happened: events, their hash chain, signed checkpoints."""
