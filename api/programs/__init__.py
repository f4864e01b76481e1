"""The service for other programs: an OpenAI-compatible endpoint, and tools for assistants."""
