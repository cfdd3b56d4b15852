"""What the watch has done: commands of this project, with a person's parameters."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from .. import paths, registry
from ..errors import ProjectError
from .captures import Captures, LocalEndpoints, pipeline_of
from .files import Folder
from .work import Source, Words

FILE = "watch.yaml"  # in params/
FOLDERS = INCOMING, LABELLED, LABELS = "incoming", "labelled", "labels"  # in data/


@dataclass(frozen=True)
class Parameters:
    """Parameters of the notebooks that the watch runs, beside those that it gives itself.

    Attributes:
        score: of notebook 04, for a file under data/incoming/.
        train: of notebook 03, for data/labelled/.
        monitor: of notebook 06, for an endpoint's captures, and for labels.
    """

    score: Mapping[str, Any] = field(default_factory=dict)
    train: Mapping[str, Any] = field(default_factory=dict)
    monitor: Mapping[str, Any] = field(default_factory=dict)


def read(path: Path | None = None) -> Parameters:
    """The parameters that are set, if any.

    Raises:
        ProjectError: the file says something that nobody would look at.
    """
    path = path or paths.PARAMS / FILE
    if not path.is_file():
        return Parameters()
    import yaml

    found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    known = Parameters.__dataclass_fields__
    for name, given in found.items() if isinstance(found, Mapping) else [(str(found), None)]:
        if name not in known or not isinstance(given, Mapping):
            raise ProjectError(
                f"{path.name} sets {name!r}; it may set parameters of {', '.join(known)}, each by "
                "its name"
            )
    return Parameters(**found)


def sources(parameters: Parameters, window: timedelta) -> list[Source]:
    """The places that `make watch` looks at.

    Args:
        parameters: a person's.
        window: between two looks at an endpoint's captures.
    """

    def score(files: Sequence[Path]) -> Sequence[Words]:
        return [notebook("score", {"input_data": str(files[0])}, parameters.score)]

    def train(_: Sequence[Path]) -> Sequence[Words]:
        given = {"input_data": str(paths.DATA / LABELLED)}
        words = notebook("pipeline", given, parameters.train)
        return [[*words[:1], "-f", str(paths.PARAMS / "local.yaml"), *words[1:]]]

    def monitor(endpoint: str) -> Sequence[Words]:
        return [notebook("monitor", {"endpoint": endpoint}, parameters.monitor)]

    def label(files: Sequence[Path]) -> Sequence[Words]:
        endpoint = endpoint_of(files[0])
        return [["labels", str(files[0]), "--endpoint", endpoint], *monitor(endpoint)]

    def watching(file: Path) -> str:
        return pipeline_of(endpoint_of(file))

    return [
        Folder(paths.DATA / INCOMING, lambda _: "score", score),
        Folder(paths.DATA / LABELLED, lambda _: "train", train, together=True),
        Folder(paths.DATA / LABELS, watching, label),
        Captures(LocalEndpoints(), monitor, window),
    ]


def endpoint_of(file: Path) -> str:
    """Whose requests labels are of: the folder's below data/labels/, else the project's own."""
    folder = file.parent
    return registry.group_name("xgboost") if folder == paths.DATA / LABELS else folder.name


def notebook(command: str, given: Mapping[str, Any], more: Mapping[str, Any]) -> Words:
    """The words of a command that runs a notebook; JSON is YAML, and keeps types."""
    return [command, "-y", json.dumps({**given, **more}, ensure_ascii=False)]
