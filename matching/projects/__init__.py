"""The project library: entity, states, fields, what counts and what it lacks."""
