"""The fold beside other ways to make the same figures, on one log: none is timed before all of them agree."""
