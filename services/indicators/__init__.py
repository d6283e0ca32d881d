"""Indicateurs : le pli des mouvements en chiffres, cibles et séries."""
