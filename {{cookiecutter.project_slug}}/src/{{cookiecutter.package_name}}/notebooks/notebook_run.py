"""A notebook that starts no pipeline, by papermill: live lines, a report, why it failed."""

import shutil
from importlib import import_module

from .. import paths
from ..errors import ProjectError
from . import pipeline_run
from .kernel_ahead import Ahead


def run(notebook: str, options: list[str], ahead: Ahead) -> None:
    """Run a notebook, and leave it and its report in ``reports/``, also when it fails.

    Args:
        notebook: its file's name.
        options: papermill's, such as ``["-p", "challenger", "2"]``.
        ahead: what was started for it.

    Raises:
        ProjectError: the notebook failed; the message is that of the failure.
    """
    attempt = pipeline_run.Attempt(ahead, notebook)
    failure = attempt.execute(options)
    if attempt.executed.is_file():
        target = paths.REPORTS / notebook
        shutil.copyfile(attempt.executed, target)
        written = import_module(pipeline_run.REPORT).write_beside(target)
        print(pipeline_run.shown(written), flush=True)
    if failure:
        raise ProjectError(failure)
