"""Opening an artifact as a server would: its files, its signature and its own inference code."""

import importlib
import sys
import tarfile
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

from . import job
from .values import DataError

# Python before 3.11.4 has no filters; what they refuse is refused by hand as well.
FILTER: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


@dataclass(frozen=True)
class Artifact:
    """A model that is ready to predict with its own code; `who` names it in sentences."""

    who: str
    folder: Path
    signature: dict[str, Any]
    inference: ModuleType
    model: Any

    def predict(self, records: Sequence[Any]) -> list[Mapping[str, Any]]:
        """Its predictions for raw records, whatever contract it has; DataError when it has none."""
        predict = getattr(self.inference, "predict", self.inference.predict_fn)  # of older ones
        try:
            return predict(records, self.model)
        except ValueError as error:  # the artifact's own DataError is another class than ours
            raise DataError(f"the {self.who} cannot score this data: {error}") from error


@contextmanager
def opened(
    who: str, folder: Path, schema: Mapping[str, Any] | None = None
) -> Iterator[Artifact | None]:
    """The artifact in a folder, for as long as it is needed; None when the folder has none.

    With a schema, raise a DataError when the artifact is a model of another task.
    """
    with tempfile.TemporaryDirectory() as scratch:
        found = extract(folder, Path(scratch))
        if found is None:
            yield None
            return
        signature = job.read_json(found, "signature.json")
        if schema is not None:
            check_task(who, signature, schema)
        inference = own_inference(found)
        yield Artifact(who, found, signature, inference, inference.model_fn(str(found)))


def extract(folder: Path, scratch: Path) -> Path | None:
    """The extracted model of a folder with model.tar.gz or signature.json; None without either."""
    if (folder / "signature.json").is_file():
        return folder
    archive = folder / "model.tar.gz"
    if not archive.is_file():
        return None
    try:
        with tarfile.open(archive) as members:
            for member in members:
                refuse_unsafe(member)
            members.extractall(scratch, **FILTER)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(f"{archive} is not a readable artifact: {error}") from None
    return scratch


def refuse_unsafe(member: tarfile.TarInfo) -> None:
    """An artifact holds plain files below its folder; a link could lead anywhere else."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
        raise tarfile.TarError(f"{member.name!r} is no plain file below the artifact's folder")


def own_inference(model: Path) -> ModuleType:
    """Import an artifact's own inference.py, leaving no module that the next could pick up."""
    code = model / "code"
    names = {path.stem for path in code.iterdir() if path.suffix == ".py" or path.is_dir()}
    others = set_aside(names)
    sys.path.insert(0, str(code))
    try:
        return importlib.import_module("inference")
    finally:
        sys.path.remove(str(code))
        set_aside(names)
        sys.modules.update(others)


def set_aside(names: Collection[str]) -> dict[str, ModuleType]:
    """Take modules and packages of these names, with all that is in them, out of the imported."""
    found = [name for name in sys.modules if name.partition(".")[0] in names]
    return {name: sys.modules.pop(name) for name in found}


def check_task(who: str, signature: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Raise a DataError when an artifact predicts another target than this data's."""
    for key in ("problem_type", "target"):
        if signature[key] != schema[key]:
            raise DataError(
                f"the {who}'s {key.replace('_', ' ')} is {signature[key]!r}, but this data's is "
                f"{schema[key]!r}; compare models of one task only"
            )
