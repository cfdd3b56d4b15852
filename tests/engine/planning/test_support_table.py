"""The table in the engine's README is what the step types say, and every row of it is tried.

Run this file to write it anew, with the engine's ``src`` and ``tests`` on PYTHONPATH:
``python tests/engine/planning/test_support_table.py``
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import sagemaker_local
from sagemaker_local.definition.support import Support
from sagemaker_local.planning.settings import SETTINGS
from sagemaker_local.processes.runner import Runner
from sagemaker_local.steps.step_types import NOT_RUN

from engine.local import Local
from engine.support_tables import ARGUMENTS, MEMBERS, WAYS, knowing_a_function, simplest, types_with

README = Path(sagemaker_local.__file__).parents[2] / "README.md"
_TABLE = re.compile(r"(?<=<!-- support -->\n).*?(?=<!-- /support -->)", re.DOTALL)


def table() -> str:
    """The rows, as Markdown."""
    rows = ["| step | run | ignored |", "| --- | --- | --- |"]
    for kind, arguments in ARGUMENTS.items():
        cells = (_named(arguments, support) for support in (Support.RUN, Support.IGNORED))
        rows.append(f"| {kind} | {' | '.join(cells)} |")
    rows += ["", "| step | refused, because |", "| --- | --- |"]
    rows += [f"| {kind} | {reason} |" for kind, reason in NOT_RUN.items()]
    rows += ["", "| member of a step | run | ignored | refused |", "| --- | --- | --- | --- |"]
    for member in MEMBERS:
        cells = (", ".join(types_with(member, support)) for support in WAYS)
        rows.append(f"| `{member}` | {' | '.join(cells)} |")
    rows += ["", "| setting of a pipeline or a start | |", "| --- | --- |"]
    rows += [f"| `{name}` | {support.value} |" for name, support in SETTINGS.items()]
    return "\n".join(rows) + "\n"


def _named(arguments: Mapping[str, Support], support: Support) -> str:
    return ", ".join(f"`{name}`" for name, how in arguments.items() if how is support)


def test_the_readme_has_the_table_of_support() -> None:
    found = _TABLE.search(README.read_text(encoding="utf-8"))
    assert found is not None
    assert found.group() == table(), f"run {Path(__file__).name} to write the table anew"


@pytest.fixture
def local(tmp_path: Path, runner: Runner) -> Local:
    return knowing_a_function(tmp_path / "root", runner)


def test_every_type_of_step_that_runs_is_tried_here(local: Local) -> None:
    for kind in ARGUMENTS:
        assert simplest(kind, local)["Type"] == kind


def write() -> None:
    text = README.read_text(encoding="utf-8")
    README.write_text(_TABLE.sub(lambda _: table(), text), encoding="utf-8")


if __name__ == "__main__":
    write()
