"""Arrêtés: the figures of a period as they were told on a day, kept for good, and what has moved them since."""
