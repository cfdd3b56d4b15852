"""Fixtures that generate projects and run commands in them with the suite's own environment."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).resolve().parents[1]
SOURCE = TEMPLATE / "{{cookiecutter.project_slug}}"

pytest_plugins = ["leftovers"]

Bake = Callable[..., Path]
Run = Callable[..., subprocess.CompletedProcess[str]]


def generate(output: Path, **answers: object) -> Path:
    """Generate a project below `output`; without a git repository unless the answers ask for it."""
    extra_context = {"git_init": False, **answers}
    project = cookiecutter(
        str(TEMPLATE),
        no_input=True,
        default_config=True,
        output_dir=str(output),
        extra_context=extra_context,
    )
    return Path(project)


def sources(project: Path) -> list[str]:
    """What an editable install of a project puts on the path: its package, and the engine's."""
    return [str(project / "src"), str(project / "packages" / "sagemaker-local" / "src")]


def environment(project: Path | None, changes: Mapping[str, str]) -> dict[str, str]:
    """This process's environment, with the suite's interpreter first and the project's `src`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    source = {} if project is None else {"PYTHONPATH": os.pathsep.join(sources(project))}
    return {**os.environ, "PATH": path, **source, **changes}


@pytest.fixture(scope="session")
def bake(tmp_path_factory: pytest.TempPathFactory) -> Bake:
    """`bake(**answers)`: a generated project that tests share and must not change."""
    projects: dict[str, Path] = {}

    def baked(**answers: object) -> Path:
        key = json.dumps(answers, sort_keys=True)
        if key not in projects:
            projects[key] = generate(tmp_path_factory.mktemp("bake"), **answers)
        return projects[key]

    return baked


@pytest.fixture
def bake_own(tmp_path: Path) -> Bake:
    """`bake_own(**answers)`: a generated project of one test alone, which may change it."""

    def baked(**answers: object) -> Path:
        return generate(tmp_path, **answers)

    return baked


@pytest.fixture(scope="session")
def run() -> Run:
    """`run(command, cwd, env)`: a finished command with its output as text, whatever its code.

    `python`, `ruff` and the like are those of the suite's environment. `project`, by default the
    working directory if that is one, is the project whose packages are importable.
    """

    def ran(
        command: list[str],
        cwd: Path,
        env: Mapping[str, str] | None = None,
        project: Path | None = None,
        stdin: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        own = project or (cwd if (cwd / "src").is_dir() else None)
        return subprocess.run(
            command,
            cwd=cwd,
            env=environment(own, env or {}),
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )

    return ran
