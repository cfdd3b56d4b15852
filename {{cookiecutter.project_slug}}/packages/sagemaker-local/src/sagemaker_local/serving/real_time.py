"""Starts ``http_program`` in an endpoint's process; run as a script, as ``batch_transform`` is."""

from __future__ import annotations

from batch_transform import run  # beside it, in the folder that is on the path

if __name__ == "__main__":
    run("http_program")
