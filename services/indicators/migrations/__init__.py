"""The migrations of the database of indicators."""
