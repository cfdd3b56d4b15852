"""Sessions, local and managed: where a pipeline runs."""
