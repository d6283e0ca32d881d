"""The migrations of the database of contacts."""
