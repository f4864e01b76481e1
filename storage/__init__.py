"""Engines: the SQL database, the passage index, the migrations."""
