"""Writing an artifact, and opening it as a server would: its files, signature and own code."""

import importlib
import json
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

from . import job, libraries, sources
from .values import DataError

# Python before 3.11.4 has no filters; what they refuse is refused by hand as well.
FILTER: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


class Code:
    """An artifact's own modules, kept apart from ours of the same names.

    A champion has scripts and a library as they were when it was trained. They are in their names'
    place only while they run, so neither side ever imports what belongs to the other.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = {
            path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()
        }
        self._modules: dict[str, ModuleType] = {}

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """While this lasts, an import finds the artifact's modules; ours are back afterwards."""
        ours = self._taken_out()
        sys.modules.update(self._modules)
        sys.path.insert(0, str(self._folder))
        try:
            yield
        finally:
            sys.path.remove(str(self._folder))
            self._modules = self._taken_out()
            sys.modules.update(ours)

    def inference(self) -> ModuleType:
        """The artifact's own inference.py."""
        with self.in_place():
            return importlib.import_module("inference")

    def _taken_out(self) -> dict[str, ModuleType]:
        """The imported modules that have one of the artifact's names, or are in such a package."""
        found = [name for name in sys.modules if name.partition(".")[0] in self._names]
        return {name: sys.modules.pop(name) for name in found}


@dataclass(frozen=True)
class Artifact:
    """A model that is ready to predict with its own code; `who` names it in sentences."""

    who: str
    folder: Path
    signature: dict[str, Any]
    code: Code
    inference: ModuleType
    model: Any

    def predict(self, records: Sequence[Any]) -> list[Mapping[str, Any]]:
        """Its predictions for raw records, whatever contract it has; DataError when it has none."""
        predict = getattr(self.inference, "predict", self.inference.predict_fn)  # of older ones
        try:
            with self.code.in_place():
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
        code = Code(found / "code")
        try:
            inference = code.inference()
            with code.in_place():
                model = inference.model_fn(str(found))
        except ModuleNotFoundError as error:
            raise DataError(
                f"the {who} needs the library {error.name!r}, which is not here; keep it in "
                "runtime/requirements.txt as long as such a model is compared"
            ) from error
        yield Artifact(who, found, signature, code, inference, model)


def write(
    folder: Path, signature: dict[str, Any], preprocessing: dict[str, Any], scripts: Path
) -> None:
    """Put beside a model what it takes to use it: its signature, its encoding, its code.

    The code is `inference.py` of the folder `scripts`, with all that it imports there. A server
    installs the libraries beyond its image in the versions with which the model was trained.
    """
    job.write_json(folder / "signature.json", signature)
    (folder / "preprocessing.json").write_text(json.dumps(preprocessing), encoding="utf-8")
    sources.write_installable(scripts, "inference.py", folder / "code")
    libraries.write(scripts, folder / "code", libraries.pinned(scripts))


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


def check_task(who: str, signature: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Raise a DataError when an artifact predicts another target than this data's."""
    for key in ("problem_type", "target"):
        if signature[key] != schema[key]:
            raise DataError(
                f"the {who}'s {key.replace('_', ' ')} is {signature[key]!r}, but this data's is "
                f"{schema[key]!r}; compare models of one task only"
            )
