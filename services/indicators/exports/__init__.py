"""Exports: figures as files that spreadsheets and analysis tools read."""
