"""Executions of the pipeline, while they run and after: progress, records, lineage."""

# The variable with the file to which a notebook adds its runs.
FOLDERS_FILE = "NOTEBOOK_RUN_FOLDERS"
