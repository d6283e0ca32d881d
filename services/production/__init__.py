"""Production : pièces, corbeilles, ordonnancement, qualité, contrôles."""
