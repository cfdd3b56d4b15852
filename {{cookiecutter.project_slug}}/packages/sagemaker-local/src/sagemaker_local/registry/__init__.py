"""Models, model packages and tags."""
