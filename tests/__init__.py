"""Les tests, et les outils qu'ils partagent."""
