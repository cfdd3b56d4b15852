"""A day on which the data drifts, told on this machine: `make drift-day`."""
