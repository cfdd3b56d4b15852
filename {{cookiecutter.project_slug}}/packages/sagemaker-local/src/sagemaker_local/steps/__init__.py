"""The types of step that a pipeline may have."""
