"""The template around the benchmarks: its engine is importable, and projects are made of it."""

import os
import sys
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parents[1]
SOURCE = TEMPLATE / "{{cookiecutter.project_slug}}"
ENGINE = Path("packages", "sagemaker-local", "src")

sys.path.insert(0, str(SOURCE / ENGINE))


def generate(folder: Path) -> Path:
    """A default project below a folder."""
    from cookiecutter.main import cookiecutter  # which most benchmarks do without

    project = cookiecutter(
        str(TEMPLATE),
        no_input=True,
        default_config=True,
        output_dir=str(folder),
        extra_context={"git_init": False},
    )
    return Path(project)


def variables(project: Path) -> dict[str, str]:
    """This process's variables, and what an editable install of a project puts on the path."""
    sources = (project / "src", project / ENGINE)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, sources))}
