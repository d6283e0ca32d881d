"""What is behind a figure: its terms, their cells, and the objects that these cells count."""
