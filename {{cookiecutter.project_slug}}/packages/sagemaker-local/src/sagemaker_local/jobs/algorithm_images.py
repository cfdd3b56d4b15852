"""The images of algorithms that run here, told by registry and repository as the SDK does."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

XGBOOST, LINEAR_LEARNER = "xgboost", "linear-learner"
# The SDK's names; a file of each has its registries.
_NAMES = (XGBOOST, LINEAR_LEARNER)
_IMAGE = re.compile(r"(?P<account>\d{12})\.dkr\.ecr[.\w-]*/(?P<repository>[\w/-]+)(?:[:@]|$)")
_REGISTRIES = "sagemaker/core/image_uri_config"  # of the SDK


def name_of(image: Any) -> str | None:
    """The algorithm of an image's URI; None of any other, such as a copy in another account."""
    match = _IMAGE.match(image) if isinstance(image, str) else None
    if match is None:
        return None
    found = (match["account"], match["repository"])
    return next((name for name in _NAMES if found in _registries(name)), None)


@cache
def _registries(name: str) -> frozenset[tuple[str, str]]:
    """Accounts and repositories of an algorithm's image, all regions'."""
    file = f"{_REGISTRIES}/{name}.json"
    path = Path(str(metadata.distribution("sagemaker-core").locate_file(file)))
    document = json.loads(path.read_text(encoding="utf-8"))
    scopes = [document] if "versions" in document else document.values()
    versions = [version for scope in scopes for version in scope["versions"].values()]
    return frozenset(
        (account, version["repository"])
        for version in versions
        for account in version["registries"].values()
    )
