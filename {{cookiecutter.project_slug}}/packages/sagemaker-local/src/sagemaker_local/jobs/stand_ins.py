"""Packages of SageMaker's images that public scripts import, where they are not installed here.

The stand-ins, written for this engine, have what such scripts use of them. A package that somebody
has installed comes first.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sagemaker_local import algorithms
from sagemaker_local.jobs.container_images import SCIKIT_LEARN, XGBOOST, framework_of

_FOLDER = Path(algorithms.__file__).with_name("stand_ins")
_PATH = "PYTHONPATH"
# By the framework of an image: folders, and the package in each.
_TOOLKITS = {"toolkit": "sagemaker_containers", "inference": "sagemaker_inference"}
_GIVEN = {
    SCIKIT_LEARN: _TOOLKITS,
    XGBOOST: {**_TOOLKITS, "xgboost": "sagemaker_xgboost_container"},
}


def with_stand_ins(image: Any, variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of a script's process, and with them where it finds what its image has."""
    folders = [*_folders(image)]
    if not folders:
        return dict(variables)
    given = variables.get(_PATH, os.environ.get(_PATH, ""))
    return {**variables, _PATH: os.pathsep.join(filter(None, [given, *folders]))}


def _folders(image: Any) -> Iterator[str]:
    for folder, package in _GIVEN.get(framework_of(image) or "", {}).items():
        if find_spec(package) is None:
            yield str(_FOLDER / folder)
