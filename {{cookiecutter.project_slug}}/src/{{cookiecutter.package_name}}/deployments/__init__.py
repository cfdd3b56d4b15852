"""Endpoints: a registered model deployed, checked, gone back from, listed and remembered."""
