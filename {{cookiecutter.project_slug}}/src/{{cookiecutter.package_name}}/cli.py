"""One command line for this project: `python -m <package> --help` lists its commands."""

import argparse
import importlib
import sys

from . import settings

# Each command: the module whose `main` takes the words after it, and what it is for.
COMMANDS = {
    "pipeline": ("runs.record", "run notebook 03"),
    "runs": ("runs.record", "list, compare, retry, update past runs"),
    "registry": ("registry", "list and approve models"),
    "lineage": ("runs.lineage", "from a model to its data, and back"),
    "progress": ("runs.progress", "logs of steps, and why they ran"),
    "exports": ("notebooks.exports.cli", "files out of notebooks, and back"),
    "notebooks": ("notebooks.sample_runs", "run notebooks on a small sample"),
    "report": ("notebooks.report", "an executed notebook as one file"),
    "sample-data": ("sample_data", "write used-car listings to a file"),
    "githooks": ("notebooks.githooks", "install the git hooks"),
}


def main(argv: list[str] | None = None) -> None:
    """Run a command."""
    words = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog=f"python -m {settings.PACKAGE}")
    parser.add_argument("command", choices=COMMANDS)
    command = parser.parse_args(words[:1]).command
    module = importlib.import_module(f".{COMMANDS[command][0]}", __package__)
    module.main(words if command == "pipeline" else words[1:])
