"""The work queue of the teams: one piece for every service that hands out work."""
