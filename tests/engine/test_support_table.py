"""The table in the engine's README is what ``support`` says; run this file to write it anew.

``PYTHONPATH=<the generated project's src> python tests/engine/test_support_table.py``
"""

from __future__ import annotations

import re
from pathlib import Path

import sagemaker_local
from sagemaker_local.support import ARGUMENTS, NOT_RUN, Support

README = Path(sagemaker_local.__file__).parent / "README.md"
_TABLE = re.compile(r"(?<=<!-- support -->\n).*?(?=<!-- /support -->)", re.DOTALL)


def table() -> str:
    """The rows, as Markdown."""
    rows = ["| step | run | ignored |", "| --- | --- | --- |"]
    for kind, arguments in ARGUMENTS.items():
        cells = (_named(arguments, support) for support in (Support.RUN, Support.IGNORED))
        rows.append(f"| {kind} | {' | '.join(cells)} |")
    rows += ["", "| step | refused, because |", "| --- | --- |"]
    rows += [f"| {kind} | {reason} |" for kind, reason in NOT_RUN.items()]
    return "\n".join(rows) + "\n"


def _named(arguments: dict[str, Support], support: Support) -> str:
    return ", ".join(f"`{name}`" for name, how in arguments.items() if how is support)


def test_the_readme_has_the_table_of_support() -> None:
    found = _TABLE.search(README.read_text(encoding="utf-8"))
    assert found is not None
    assert found.group() == table(), f"run {Path(__file__).name} to write the table anew"


def write() -> None:
    text = README.read_text(encoding="utf-8")
    README.write_text(_TABLE.sub(lambda _: table(), text), encoding="utf-8")


if __name__ == "__main__":
    write()
