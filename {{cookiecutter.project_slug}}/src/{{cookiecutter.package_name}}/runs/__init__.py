"""Executions of the pipeline, while they run and after: progress, records, lineage."""
