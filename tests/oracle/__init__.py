"""L'oracle public : du Python simple et lent, qui n'importe rien d'Écluse."""
