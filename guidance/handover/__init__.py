"""Conversations that people take over from the assistant, and when they promise to answer."""
