"""The migrations of the database of recovery."""
