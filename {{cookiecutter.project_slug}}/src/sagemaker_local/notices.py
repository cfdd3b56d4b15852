"""What a definition asks for and a local session accepts without effect, in one notice."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from sagemaker_local import skew
from sagemaker_local.definition import Definition, Step
from sagemaker_local.support import ARGUMENTS, IGNORED_INSIDE, MEMBERS, Support

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
    found = [f"accepted without effect on this machine: {settings}"] if settings else []
    differing = skew.report(definition).differing
    if differing:
        found.append(f"versions here differ from the image's: {'; '.join(differing)}")
    return found


def announce(definition: Definition, pipeline: str, logger: logging.Logger) -> None:
    """Log the notice, once in this process."""
    said = ". ".join(sentences(definition))
    text = f"local session, pipeline {pipeline}: {said} (session.plan and session.skew tell more)"
    if said and text not in _said:
        _said.add(text)
        logger.warning(text)
