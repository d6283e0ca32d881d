"""Mesures de vitesse et de mémoire."""
