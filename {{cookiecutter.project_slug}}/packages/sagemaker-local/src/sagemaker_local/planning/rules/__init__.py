"""What the service refuses, or may refuse, and its model does not state; a table of it all."""
