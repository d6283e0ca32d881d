"""A simulated Caf: profiles as data, a history in order of emission, and a working day that flows live."""
