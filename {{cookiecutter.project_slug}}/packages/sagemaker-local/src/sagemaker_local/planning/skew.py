"""How the versions of Python and libraries here differ from those in the managed images.

Scripts run in this environment, not in the image that a definition names. What an image holds is
measured for the two that are listed; of others, name and tag tell a part of it, such as
``pytorch-training:2.3.0-cpu-py311``.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from typing import Any

from sagemaker_local.definition.document import Definition
from sagemaker_local.processes import libraries

_IMAGES = {
    "sagemaker-xgboost:3.2-0": {
        "Python": "3.12",
        "xgboost": "3.2",
        "pandas": "2.2.3",
        "scikit-learn": "1.8.0",
        "numpy": "2.1",
    },
    "sagemaker-scikit-learn:1.9-0": {"scikit-learn": "1.9"},
}
# The library that an image is made for, by a part of the image's name.
_LIBRARIES = {
    "scikit-learn": "scikit-learn",
    "xgboost": "xgboost",
    "tensorflow": "tensorflow",
    "pytorch": "torch",
    "mxnet": "mxnet",
    "spark-processing": "pyspark",
    "autogluon": "autogluon",
}
# Distributions that bring the same library under another name.
_ALIASES = {"xgboost": ("xgboost", "xgboost-cpu"), "tensorflow": ("tensorflow", "tensorflow-cpu")}
_PYTHON = re.compile(r"-py(\d)(\d+)")
_VERSION = re.compile(r"\d+(\.\d+)*")
_TRANSFORMERS = re.compile(r"-transformers(\d+(\.\d+)*)")  # in tags of Hugging Face's images


@dataclass(frozen=True)
class Difference:
    """One library: its version in the image (as far as it is known) and here (None: absent)."""

    image: str
    library: str
    there: str
    here: str | None

    @property
    def same(self) -> bool:
        """Equal as far as the image's version is known, patch releases aside."""
        if self.here is None:
            return False
        known = self.there.split(".")[:2]
        return self.here.split(".")[: len(known)] == known


@dataclass(frozen=True)
class Skew:
    """The comparison for all images of a definition."""

    rows: tuple[Difference, ...]
    unknown: tuple[str, ...]

    @property
    def differing(self) -> list[str]:
        """A phrase for each library that differs."""
        return [
            f"{row.library} {row.here or 'absent'}, {row.there} in {row.image}"
            for row in self.rows
            if not row.same
        ]

    def __str__(self) -> str:
        lines = [
            f"{row.image:32} {row.library:14} {row.there:8} here {row.here or 'absent':10} "
            f"{'same' if row.same else 'DIFFERS'}"
            for row in self.rows
        ]
        lines += [f"{image:32} what it holds is not known here" for image in self.unknown]
        return "\n".join(lines) or "The definition names no image."


def report(definition: Definition) -> Skew:
    """Compare this environment with the images that a definition's steps name."""
    images = sorted(
        {image for step in definition.steps.values() for image in _images(step.arguments)}
    )
    held = {image: _held(image) for image in images}
    stamp = libraries.installed()
    rows = [
        Difference(image, library, version, _here(library, stamp))
        for image, libraries in held.items()
        for library, version in libraries.items()
    ]
    return Skew(tuple(rows), tuple(image for image in images if not held[image]))


def _images(value: Any) -> Iterator[str]:
    """``repository:tag`` of every image in a step's arguments."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("ImageUri", "TrainingImage", "Image") and isinstance(item, str):
                yield item.rpartition("/")[2]
            else:
                yield from _images(item)
    elif isinstance(value, list):
        for item in value:
            yield from _images(item)


def _held(image: str) -> dict[str, str]:
    """Versions in an image, as far as they are known."""
    name, _, tag = image.partition(":")
    if "@" in name:  # by its digest, which tells nothing
        return {}
    if image in _IMAGES:
        return _IMAGES[image]
    held = {}
    python = _PYTHON.search(tag)
    if python:
        held["Python"] = f"{python[1]}.{python[2]}"
    version = _VERSION.match(tag)
    library = next((found for part, found in _LIBRARIES.items() if part in name), None)
    if library and version:
        held[library] = version.group()
    transformers = _TRANSFORMERS.search(tag)
    if transformers:
        held["transformers"] = transformers[1]
    return held


@lru_cache(maxsize=64)
def _here(library: str, stamp: str) -> str | None:
    """Its version; kept until something is installed, since reading it takes milliseconds."""
    if library == "Python":
        return platform.python_version()
    for name in _ALIASES.get(library, (library,)):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None
