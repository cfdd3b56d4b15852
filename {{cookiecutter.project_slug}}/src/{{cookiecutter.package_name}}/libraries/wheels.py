"""Files of libraries, for jobs without internet: `runtime/wheels/`, which goes with the code."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.parser import Parser
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from packaging.requirements import Requirement
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from .. import paths
from ..errors import ProjectError
from . import requirements, resolution
from .image import Image

FOLDER = "runtime/wheels"
SETUPTOOLS = "80.10.2"  # of an image that does not say which it holds


@dataclass(frozen=True)
class Wheel:
    """A file of a library."""

    file: Path
    name: str
    version: str
    tags: frozenset[Tag]

    @cached_property
    def requires(self) -> list[Requirement]:
        """What it needs beside it."""
        with ZipFile(self.file) as archive:
            inside = next(
                each for each in archive.namelist() if each.endswith(".dist-info/METADATA")
            )
            described = Parser().parsestr(archive.read(inside).decode("utf-8"))
        return [Requirement(line) for line in described.get_all("Requires-Dist", [])]


def present() -> list[Wheel]:
    """The wheels of this project; ProjectError for a file that is none."""
    found = []
    for file in sorted((paths.RUNTIME / "wheels").glob("*.whl")):
        try:
            name, version, _, tags = parse_wheel_filename(file.name)
        except InvalidWheelFilename as error:
            raise ProjectError(f"{FOLDER}/{file.name} is no wheel: {error}") from None
        found.append(Wheel(file, name, str(version), tags))
    return found


def problems(wanted: Sequence[Requirement], image: Image, wheels: Sequence[Wheel]) -> Iterator[str]:
    """Why these wheels and what the image holds are not all that is needed; a sentence each."""
    for wheel in wheels:
        if not wheel.tags & image.tags:
            yield f"{FOLDER}/{wheel.file.name} is not for {image}: make wheels"
    by_name = {wheel.name: wheel for wheel in wheels}
    pending = [(each, "") for each in wanted]
    seen: set[str] = set()
    while pending:
        each, extra = pending.pop()
        if str(each) in seen or not image.needs(each, extra):
            continue
        seen.add(str(each))
        found = by_name.get(canonicalize_name(each.name))
        version = image.version(each) or (found.version if found else None)
        if version is None or not each.specifier.contains(version, prereleases=True):
            has = f"has {each.name} {version}" if version else f"has no {each.name}"
            yield f"{FOLDER} {has}, and {requirements.FILE} leads to {each}: make wheels"
        elif found is not None and image.version(each) is None:
            extras = ["", *each.extras]
            pending += [(need, name) for name in extras for need in required(found)]


def required(wheel: Wheel) -> list[Requirement]:
    """What a wheel needs; ProjectError where its file is broken."""
    try:
        return wheel.requires
    except (BadZipFile, StopIteration, OSError) as error:
        raise ProjectError(f"{FOLDER}/{wheel.file.name} is broken ({error}): make wheels") from None


def download(image: Image) -> list[str]:
    """Fetch the wheels that the image lacks, in place of those that are there; their names.

    One that no index has, such as a library of one's own, is taken over from those.

    Raises:
        ProjectError: one cannot be had; what was there stays.
    """
    wanted = requirements.read()
    pins = resolution.resolve(wanted, image) if wanted else []
    if pins:  # a server and a search install the code by pip, which looks for it in the same place
        pins.append(f"setuptools=={image.held.get('setuptools', SETUPTOOLS)}")
    target = paths.RUNTIME / "wheels"
    with tempfile.TemporaryDirectory(dir=paths.RUNTIME) as folder:
        fresh = Path(folder) / "wheels"
        fresh.mkdir()
        if pins:
            fetch(pins, image, fresh)
        shutil.rmtree(target, ignore_errors=True)
        if pins:
            fresh.rename(target)
    return [wheel.file.name for wheel in present()]


def fetch(pins: Sequence[str], image: Image, folder: Path) -> None:
    """Let pip download wheels of these very versions for an image."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *pins]
    command += ["--only-binary", ":all:", "--implementation", "cp", "--dest", str(folder)]
    command += ["--python-version", image.python, *resolution.own_wheels()]
    command += [word for platform in image.platforms for word in ("--platform", platform)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        reason = (finished.stderr.strip() or finished.stdout.strip()).splitlines()[-1]
        raise ProjectError(f"no wheels for {image.name} ({image}): {reason.strip()}")
