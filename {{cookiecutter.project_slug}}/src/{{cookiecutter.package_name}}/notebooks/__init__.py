"""Notebooks as programs: parameters, execution, reports, and the files that their cells write."""
