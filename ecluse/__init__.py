"""Écluse : ligne de commande et composition embarquée des quatre services."""

__version__ = "0.1.0"
