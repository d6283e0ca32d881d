"""Les quatre services. Aucun n'en importe un autre."""
