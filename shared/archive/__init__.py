"""Closed months of the logs, in Parquet files that anybody reads (the extra ``exports``)."""
