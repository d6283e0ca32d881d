"""What API processes share through Redis: live images, rate limits, links and closed sessions.

Nothing unique lives there: every key has a term, and Redis may be emptied, stopped or lost at any time.
"""
