"""Watching models: who is told of what, over which windows, and what was seen."""
