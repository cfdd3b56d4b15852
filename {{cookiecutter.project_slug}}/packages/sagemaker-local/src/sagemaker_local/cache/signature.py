"""What makes a step's result: its settings, the content of its inputs, and the versions it runs on.

Which members count is the service's own choice (Developer Guide, "Caching Pipeline Steps"); where
it compares the URI of an input, this compares the content, so that new data behind an old name is
noticed, and old data behind a new name is not. Names of outputs count too: a result that lacks one
is of no use to a step that reads it.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from sagemaker_local.cache import environment
from sagemaker_local.jobs.training_script import DRIVERS_CHANNEL, PROGRAM, SUBMIT_DIRECTORY
from sagemaker_local.processes.libraries import version
from sagemaker_local.registry.models import containers_of
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.storage.content import BROKEN_ARCHIVE, Digests, Memory, files_below, is_archive
from sagemaker_local.storage.store import Document, Store

_SOURCE_CODE = "sourcecode.json"
# An entrypoint that calls a Python script, whose imports can be read; FrameworkProcessor's last.
_SCRIPTS = (".py", "runproc.sh")
_ORDER = "order of arguments"
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
        names = set(earlier) | set(self.parts)
        differing = {name for name in names if earlier.get(name) != self.parts.get(name)}
        if differing != {_ORDER}:  # where an argument came or went, that says it all
            differing.discard(_ORDER)
        return [
            _change(name, earlier.get(name), self.parts.get(name)) for name in sorted(differing)
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
        signing.entry(request.get("InputDataConfig", []), request.get("HyperParameters", {}))

    @staticmethod
    def _tuning(signing: _Signing, request: Document) -> None:
        signing.flat("tuning", request.get("HyperParameterTuningJobConfig", {}))
        signing.library("optuna")
        job = request.get("TrainingJobDefinition", {})
        signing.flat("AlgorithmSpecification", job.get("AlgorithmSpecification", {}))
        signing.flat("environment", job.get("Environment", {}))
        signing.hyperparameters(job.get("StaticHyperParameters", {}))
        signing.channels(job.get("InputDataConfig", []))
        signing.entry(job.get("InputDataConfig", []), job.get("StaticHyperParameters", {}))

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
        self._sources: list[tuple[str, str]] = []
        self._known = True

    def signature(self, make: Callable[[_Signing, Document], None], request: Document) -> Signature:
        make(self, request)
        names = [PurePosixPath(name).parts[0].removesuffix(".py") for name, _ in self._sources]
        texts = tuple(text for _, text in self._sources)
        code = environment.Code(texts, frozenset(names), self._known)
        for name, value in environment.parts_of(code, self._memory).items():
            self._add(name, value)
        return Signature(self._parts)

    def _add(self, name: str, value: str) -> None:
        """A part of its own; one that has another one's name must not take its place."""
        while name in self._parts:
            name = f"{name} (another)"
        self._parts[name] = value

    def flat(self, name: str, value: Any) -> None:
        """A setting, or a structure of them, each with a name of its own."""
        if isinstance(value, dict):
            for key, item in value.items():
                self.flat(f"{name} {key}", item)
        elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
            for index, item in enumerate(value):
                self.flat(f"{name} {_label(item, index)}", item)
        elif value not in ({}, []):
            self._add(name, value if isinstance(value, str) else json.dumps(value))

    def application(self, specification: Document) -> None:
        entrypoint = [str(part) for part in specification.get("ContainerEntrypoint", [])]
        self.flat("image", specification.get("ImageUri", ""))
        self.flat("entrypoint", shlex.join(entrypoint))
        self._known = any(part.endswith(_SCRIPTS) for part in entrypoint)
        pairs = list(_argument_pairs(specification.get("ContainerArguments", [])))
        for name, value in pairs:
            self.flat(f"argument {name}", value)
        if pairs:
            self.flat(_ORDER, shlex.join(name for name, _ in pairs))

    def library(self, name: str) -> None:
        """One that the engine itself uses for a step, in the version that this process loaded."""
        loaded = getattr(sys.modules.get(name), "__version__", None)
        self._add(name, str(loaded or version(name)))

    def hyperparameters(self, values: Document) -> None:
        for key, value in values.items():
            text = str(value).strip('"')
            if key == SUBMIT_DIRECTORY and text.startswith("s3://"):
                self.content("code", text)
            else:
                self.flat(f"hyperparameter {key}", str(value))

    def channels(self, channels: list[Document]) -> None:
        for channel in channels:
            name = f"channel {channel['ChannelName']}"
            location = dict(channel["DataSource"]["S3DataSource"])
            self.content(
                name, location.pop("S3Uri"), code=channel["ChannelName"] != DRIVERS_CHANNEL
            )
            rest = {
                key: item
                for key, item in channel.items()
                if key not in ("DataSource", "ChannelName")
            }
            self.flat(name, {**location, **rest})

    def entry(self, channels: list[Document], hyperparameters: Document) -> None:
        """The script that a training job runs; is it one in Python, whose imports can be read?"""
        program = hyperparameters.get(PROGRAM, "")
        for channel in channels:
            if channel["ChannelName"] == DRIVERS_CHANNEL:
                uri = channel["DataSource"]["S3DataSource"]["S3Uri"].rstrip("/")
                file = self._bucket.existing(f"{uri}/{_SOURCE_CODE}")
                settings = json.loads(file.read_text(encoding="utf-8"))
                settings.pop("source_dir", None)  # where it lay when the pipeline was built
                self.flat("source", settings)
                program = settings.get("entry_script")
        self._known = str(program).strip('"').endswith(".py")

    def model(self, name: str) -> None:
        """What a model is made of: its name is another one in every execution."""
        for container in containers_of(name, self._store):
            settings = dict(container)
            source = settings.pop("ModelDataSource", {}).get("S3DataSource", {})
            uri = settings.pop("ModelDataUrl", None) or source.get("S3Uri")
            if uri:
                self.content("model", uri)
            self.flat("model", settings)

    def content(self, name: str, uri: str, code: bool = True) -> None:
        """Every file below a URI by its digest; of very many, one digest for all.

        Args:
            name: of the input, for people.
            uri: of an object, or of a prefix.
            code: read the Python files among them: what they import counts too; False for the
                SDK's own scripts, which are not what runs here.
        """
        path = self._bucket.existing(uri)
        found = self._digests.parts(path)
        if not code:
            found.pop(_SOURCE_CODE, None)
        if len(found) > _LONGEST_LIST:
            self._add(f"{name} (all files)", f"sha256:{_digest_of_list(found)}")
        else:
            for relative, digest in found.items():
                self._add(f"{name}: {relative}", f"sha256:{digest}")
        if code:
            for file, relative in files_below(path):
                self._read_sources(file, relative, found.get(relative, ""))

    def _read_sources(self, file: Path, name: str, digest: str) -> None:
        if name.endswith(".py"):
            self._sources.append((name, file.read_text(encoding="utf-8", errors="replace")))
        elif is_archive(name):
            self._sources += self._archived_sources(file, digest)

    def _archived_sources(self, file: Path, digest: str) -> list[tuple[str, str]]:
        """Scripts in an archive; unpacked once for as long as it stays the same."""
        known = self._memory.remembered(f"sources {digest}", digest)
        if known is None:
            known = json.dumps(list(_python_members(file)))
            self._memory.remember(f"sources {digest}", digest, known)
        return [(name, text) for name, text in json.loads(known)]


def _digest_of_list(files: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


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
    with suppress(*BROKEN_ARCHIVE), tarfile.open(archive) as tar:
        for member in tar:
            is_script = member.isfile() and member.name.endswith(".py")
            body = tar.extractfile(member) if is_script else None
            if body is not None:
                yield member.name.removeprefix("./"), body.read().decode("utf-8", "replace")
