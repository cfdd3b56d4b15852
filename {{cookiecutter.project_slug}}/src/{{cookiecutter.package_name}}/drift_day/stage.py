"""Where the day is played: a copy of this project, so that nothing here is touched, or told of."""

import os
import shutil
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import paths, settings
from ..command_line import Parser
from ..errors import ProjectError

FOLDER = "drift-day"  # in reports/
# Of a project's folder: what is made there, and is no part of it.
LEFT_OUT = (
    *(".venv", ".git", ".sagemaker-local", "data", "reports", "build", "dist"),
    *("__pycache__", ".*_cache", ".hypothesis", ".ipynb_checkpoints"),
)
ALERTS = "file: reports/alerts.jsonl\nlog: false\n"  # and nobody else, whoever is told otherwise


def add_drift_day(parser: Parser) -> None:
    """The whole story, played here."""
    about = "play a day on which the data drifts: monitored, alerted, retrained, told in a page"
    added = parser.command("drift-day", about, drift_day, "drift-day")
    added.description = (
        f"{added.description} It trains, deploys and asks a model in a copy of this project, which "
        "is gone afterwards; what it leaves is in reports/drift-day/."
    )


def drift_day(_: Namespace) -> Iterable[str]:
    """Play it, and keep its reports, also when it fails."""
    target = paths.REPORTS / FOLDER
    with copied() as project:
        code = played(project)
        shutil.rmtree(target, ignore_errors=True)
        if (project / "reports").is_dir():
            shutil.copytree(project / "reports", target)
    if code:
        raise ProjectError(f"the day did not come to its end; {target} has what there is of it")
    return [f"the story: {(target / 'index.html').relative_to(paths.PROJECT).as_posix()}"]


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the project, gone afterwards with the endpoints that it has started."""
    from ..notebooks.sample_runs import stop_endpoints

    with tempfile.TemporaryDirectory(prefix="drift-day-") as folder:
        project = Path(folder, settings.PROJECT_SLUG)
        shutil.copytree(paths.PROJECT, project, ignore=shutil.ignore_patterns(*LEFT_OUT))
        (project / "reports").mkdir()
        (project / "params" / "alerts.yaml").write_text(ALERTS, encoding="utf-8")
        try:
            yield project
        finally:
            stop_endpoints(project / ".sagemaker-local")


def played(project: Path) -> int:
    """Play the day in a project; its exit code."""
    sources = (project / "src", project / "packages" / "sagemaker-local" / "src")
    variables = {
        name: value
        for name, value in os.environ.items()
        if name not in (paths.STATE, "ALERTS")  # which would lead elsewhere, or to silence
    }
    variables["PYTHONPATH"] = os.pathsep.join(map(str, sources))
    words = [sys.executable, "-m", f"{settings.PACKAGE}.drift_day.story"]
    return subprocess.run(words, cwd=project, env=variables, check=False).returncode
