"""The fold: movements become sums by cell. No object, no row per event; any order gives the same sums."""
