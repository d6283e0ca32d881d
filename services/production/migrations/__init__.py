"""The migrations of the database of production."""
