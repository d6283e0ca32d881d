"""Les tableaux de Grafana, écrits par du code : `python -m outils.tableaux`."""
