"""Scripts d'entretien du dépôt : installation, verrous."""
