"""What makes a step's result: its settings, the content of its inputs, and the versions it runs on.

Which members count is the service's own choice (Developer Guide, "Caching Pipeline Steps"); where
it compares the URI of an input, this compares the content, so that new data behind an old name is
noticed, and old data behind a new name is not. Names of outputs count too: a result that lacks one
is of no use to a step that reads it.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from sagemaker_local import environment
from sagemaker_local.bucket import Bucket
from sagemaker_local.content import Digests, Memory, files_below, is_archive
from sagemaker_local.entry import SUBMIT_DIRECTORY
from sagemaker_local.errors import LocalError
from sagemaker_local.store import Document, Store

_LONGEST_LIST = 500
_LONGEST_TEXT = 60
_TRAINING_MEMBERS = (
    "AlgorithmSpecification",
    "CheckpointConfig",
    "DebugHookConfig",
    "DebugRuleConfigurations",
)
_TRANSFORM_MEMBERS = ("DataProcessing", "BatchStrategy", "MaxPayloadInMB", "Environment")

Parts = dict[str, str]


@dataclass(frozen=True)
class Signature:
    """Names and texts or digests of all that a step's result is made of."""

    parts: Parts

    @property
    def digest(self) -> str:
        text = json.dumps(self.parts, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def changes_since(self, earlier: Parts) -> list[str]:
        """One phrase for each part that differs from an earlier run's."""
        return [
            _change(name, earlier.get(name), self.parts.get(name))
            for name in sorted(set(earlier) | set(self.parts))
            if earlier.get(name) != self.parts.get(name)
        ]


def _change(name: str, before: str | None, after: str | None) -> str:
    if before is None:
        return f"{name} is new"
    if after is None:
        return f"{name} is gone"
    if _is_readable(before) and _is_readable(after):
        return f"{name} was {before}, is {after}"
    return f"{name} changed"


def _is_readable(text: str) -> bool:
    return len(text) <= _LONGEST_TEXT and not text.startswith("sha256:")


@dataclass
class Signer:
    """Makes signatures of steps whose arguments are resolved.

    Attributes:
        bucket: where inputs are looked for.
        store: knows models, and remembers digests of files that have not changed.
    """

    bucket: Bucket
    store: Store
    digests: Digests = field(init=False)

    def __post_init__(self) -> None:
        self.digests = Digests(self.store)

    def sign(self, step_type: str, arguments: Document) -> Signature | None:
        """The signature of a step; None for a type whose steps always run.

        Raises:
            LocalError: an input is not there.
        """
        make = {
            "Processing": self._processing,
            "Training": self._training,
            "Tuning": self._tuning,
            "Transform": self._transform,
        }.get(step_type)
        if make is None:
            return None
        return _Signing(self.bucket, self.store, self.digests).signature(make, arguments)

    @staticmethod
    def _processing(signing: _Signing, request: Document) -> None:
        signing.application(request["AppSpecification"])
        signing.flat("environment", request.get("Environment", {}))
        for item in request.get("ProcessingInputs", []):
            name = f"input {item['InputName']}"
            source = dict(item["S3Input"])
            signing.content(name, source.pop("S3Uri"))
            signing.flat(name, source)
        for item in request.get("ProcessingOutputConfig", {}).get("Outputs", []):
            signing.flat(f"output {item['OutputName']}", item["S3Output"]["LocalPath"])

    @staticmethod
    def _training(signing: _Signing, request: Document) -> None:
        for member in _TRAINING_MEMBERS:
            signing.flat(member, request.get(member, {}))
        signing.flat("environment", request.get("Environment", {}))
        signing.hyperparameters(request.get("HyperParameters", {}))
        signing.channels(request.get("InputDataConfig", []))

    @staticmethod
    def _tuning(signing: _Signing, request: Document) -> None:
        signing.flat("tuning", request.get("HyperParameterTuningJobConfig", {}))
        job = request.get("TrainingJobDefinition", {})
        signing.flat("AlgorithmSpecification", job.get("AlgorithmSpecification", {}))
        signing.flat("environment", job.get("Environment", {}))
        signing.hyperparameters(job.get("StaticHyperParameters", {}))
        signing.channels(job.get("InputDataConfig", []))

    @staticmethod
    def _transform(signing: _Signing, request: Document) -> None:
        for member in _TRANSFORM_MEMBERS:
            signing.flat(member, request.get(member, {}))
        source = dict(request["TransformInput"])
        location = dict(source.pop("DataSource")["S3DataSource"])
        signing.content("input", location.pop("S3Uri"))
        signing.flat("input", {**source, **location})
        target = request.get("TransformOutput", {})
        kept = {key: target[key] for key in ("Accept", "AssembleWith") if key in target}
        signing.flat("output", kept)
        signing.model(request.get("ModelName", ""))


class _Signing:
    """Collects the parts of one signature."""

    def __init__(self, bucket: Bucket, store: Store, digests: Digests) -> None:
        self._bucket = bucket
        self._store = store
        self._memory: Memory = store
        self._digests = digests
        self._parts: Parts = {}
        self._sources: dict[str, str] = {}

    def signature(self, make: Any, arguments: Document) -> Signature:
        make(self, arguments)
        local = {PurePosixPath(name).stem for name in self._sources}
        local |= {part for name in self._sources for part in PurePosixPath(name).parts[:-1]}
        versions = environment.versions(self._sources.values(), local, self._memory)
        return Signature({**self._parts, **versions})

    def flat(self, name: str, value: Any) -> None:
        """A setting, or a structure of them, each with a name of its own."""
        if isinstance(value, dict):
            for key, item in value.items():
                self.flat(f"{name} {key}", item)
        elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
            for index, item in enumerate(value):
                self.flat(f"{name} {_label(item, index)}", item)
        elif value not in ({}, []):
            self._parts[name] = value if isinstance(value, str) else json.dumps(value)

    def application(self, specification: Document) -> None:
        self.flat("image", specification.get("ImageUri", ""))
        self.flat("entrypoint", " ".join(map(str, specification.get("ContainerEntrypoint", []))))
        for name, value in _argument_pairs(specification.get("ContainerArguments", [])):
            self.flat(f"argument {name}", value)

    def hyperparameters(self, values: Document) -> None:
        for key, value in values.items():
            if key == SUBMIT_DIRECTORY:
                self.content("code", str(value).strip('"'))
            else:
                self.flat(f"hyperparameter {key}", str(value))

    def channels(self, channels: list[Document]) -> None:
        for channel in channels:
            name = f"channel {channel['ChannelName']}"
            location = dict(channel["DataSource"]["S3DataSource"])
            self.content(name, location.pop("S3Uri"))
            rest = {
                key: item
                for key, item in channel.items()
                if key not in ("DataSource", "ChannelName")
            }
            self.flat(name, {**location, **rest})

    def model(self, name: str) -> None:
        """What a model is made of: its name is another one in every execution."""
        document = self._store.resource("model", name)
        if document is None:
            raise LocalError(f"There is no model named {name!r}; create it before the transform.")
        containers = [document.get("PrimaryContainer"), *document.get("Containers", [])]
        for container in filter(None, containers):
            settings = dict(container)
            uri = settings.pop("ModelDataUrl", None)
            if uri:
                self.content("model", uri)
            self.flat("model", settings)

    def content(self, name: str, uri: str) -> None:
        """Every file below a URI by its digest; of very many, one digest for all."""
        path = self._bucket.existing(uri)
        found = self._digests.parts(path)
        if len(found) > _LONGEST_LIST:
            self._parts[f"{name} (all files)"] = f"sha256:{self._digests.of(path)}"
            return
        for relative, digest in found.items():
            self._parts[f"{name}: {relative}"] = f"sha256:{digest}"
        for file, relative in files_below(path):
            self._read_sources(file, relative, found[relative])

    def _read_sources(self, file: Path, name: str, digest: str) -> None:
        if name.endswith(".py"):
            self._sources[name] = file.read_text(encoding="utf-8", errors="replace")
        elif is_archive(name):
            self._sources |= self._archived_sources(file, digest)

    def _archived_sources(self, file: Path, digest: str) -> dict[str, str]:
        """Scripts in an archive; unpacked once for as long as it stays the same."""
        known = self._memory.remembered(f"sources {digest}", digest)
        if known is None:
            known = json.dumps(dict(_python_members(file)))
            self._memory.remember(f"sources {digest}", digest, known)
        found: dict[str, str] = json.loads(known)
        return found


def _label(item: Any, index: int) -> str:
    """The name by which people know an entry of a list."""
    named = item if isinstance(item, dict) else {}
    return str(next((named[key] for key in ("Name", "MetricName") if key in named), index))


def _argument_pairs(arguments: list[Any]) -> Iterator[tuple[str, Any]]:
    """``--name value`` as one pair; anything else by its position."""
    items = iter(enumerate(arguments))
    for index, item in items:
        text = str(item)
        if text.startswith("--") and "=" not in text and index + 1 < len(arguments):
            following = str(arguments[index + 1])
            if not following.startswith("--"):
                next(items)
                yield text, following
                continue
        yield (text, "given") if text.startswith("--") else (str(index), text)


def _python_members(archive: Path) -> Iterator[tuple[str, str]]:
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                body = tar.extractfile(member) if member.name.endswith(".py") else None
                if body is not None:
                    yield member.name, body.read().decode("utf-8", "replace")
    except (tarfile.TarError, EOFError, OSError):
        return
