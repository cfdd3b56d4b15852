"""What a definition asks for and a local session accepts without effect, in one notice."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from typing import Any

from sagemaker_local import skew
from sagemaker_local.definition import Definition, Step
from sagemaker_local.support import ARGUMENTS, IGNORED_INSIDE, MEMBERS, Support


class _Beside(logging.Handler):
    """Beside the results: a program's errors, but a notebook's output, which is not painted red."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stdout if "ipykernel" in sys.modules else sys.stderr)


logger = logging.getLogger(__name__)
if not logger.handlers:
    logger.addHandler(_Beside())
    logger.setLevel(logging.INFO)
    logger.propagate = False

# Said before in this process; a pipeline that is started often says it once.
_said: set[str] = set()


def ignored(definition: Definition) -> dict[str, list[str]]:
    """The settings without effect, and the steps that have them."""
    found: dict[str, list[str]] = {}
    for step in definition.steps.values():
        for setting in sorted(set(_ignored_in(step))):
            found.setdefault(setting, []).append(step.name)
    return dict(sorted(found.items()))


def _ignored_in(step: Step) -> Iterator[str]:
    known = ARGUMENTS.get(step.type, {})
    yield from (name for name in step.arguments if known.get(name) is Support.IGNORED)
    training = step.arguments.get("TrainingJobDefinition", {})
    yield from (name for name in training if ARGUMENTS["Training"].get(name) is Support.IGNORED)
    yield from _inside(step.arguments)
    if step.cache and step.type in MEMBERS["CacheConfig"][1]:
        yield "CacheConfig"


def _inside(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (key for key in value if key in IGNORED_INSIDE)
        for item in value.values():
            yield from _inside(item)
    elif isinstance(value, list):
        for item in value:
            yield from _inside(item)


def sentences(definition: Definition) -> list[str]:
    """The notice: settings without effect, and images that this environment stands for."""
    settings = ", ".join(ignored(definition))
    found = [f"local session: without effect on this machine: {settings}"] if settings else []
    differing: dict[str, list[str]] = {}
    for row in skew.report(definition).rows:
        if not row.same:
            named = f"{row.library} {row.here or 'absent'} (there {row.there})"
            differing.setdefault(row.image, []).append(named)
    for image, libraries in differing.items():
        found.append(f"local session: versions other than in {image}: {', '.join(libraries)}")
    return found


def announce(definition: Definition) -> None:
    """Say the notice, once in this process.

    ``logging.getLogger("sagemaker_local.notices").disabled = True`` silences it.
    """
    for sentence in sentences(definition):
        if sentence not in _said:
            _said.add(sentence)
            logger.info(sentence)
