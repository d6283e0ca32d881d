"""Recouvrement : créances, grand livre, plans, remises, recours, fraude, corbeilles."""
