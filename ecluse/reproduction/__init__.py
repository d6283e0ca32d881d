"""The published year of a Caf beside the one that the simulator and the services make of its profile."""
