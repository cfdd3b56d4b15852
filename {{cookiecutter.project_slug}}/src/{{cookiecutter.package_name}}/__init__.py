"""Helpers of this project's notebooks: paths, parameters, sample data, sessions, the registry."""
