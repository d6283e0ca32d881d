"""The data set: one simulated Caf-year as Parquet files with its figures, the same bytes for whoever makes it again."""
