"""Executions of pipelines: started, run, resumed, selected, explained."""
