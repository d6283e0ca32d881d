"""Contacts : visites, appels, courriels, rendez-vous, campagnes, réclamations, médiation."""
