"""Which versions an image would get, as uv finds them out without having the image."""

import hashlib
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .. import paths
from ..errors import ProjectError
from . import requirements
from .image import Image

RESOLVED = paths.PROJECT / "build" / "libraries"


def pins(wanted: Sequence[Requirement], image: Image) -> list[str]:
    """What pip would install in an image that does not hold it: `lightgbm==4.6.0` and so on.

    It is asked for once: as long as neither file changes, the answer of then is given.

    Raises:
        ProjectError: it cannot be had, in the image's Python and beside its libraries.
    """
    constraints = (paths.RUNTIME / "constraints.txt").read_bytes()
    asked = "\n".join(str(each) for each in wanted)
    known = RESOLVED / f"{hashlib.sha256(asked.encode() + constraints).hexdigest()[:16]}.txt"
    if not known.is_file():
        found = resolve(wanted, image)
        known.parent.mkdir(parents=True, exist_ok=True)
        known.write_text("".join(f"{pin}\n" for pin in found), encoding="utf-8")
    return known.read_text(encoding="utf-8").split()


def resolve(wanted: Sequence[Requirement], image: Image) -> list[str]:
    """Ask uv, who looks among the wheels of this project, too; the image's own are left out."""
    asked = "\n".join(str(each) for each in wanted)
    command = [uv(), "pip", "compile", "-", "--quiet", "--no-header", "--no-annotate"]
    command += ["--constraints", str(paths.RUNTIME / "constraints.txt"), "--only-binary", ":all:"]
    command += ["--python-version", image.python, "--no-python-downloads"]
    command += ["--python-platform", f"{image.machine}-manylinux_2_{image.glibc}", *own_wheels()]
    finished = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    if finished.returncode:
        reason = " ".join(re.sub(r"×|╰─▶|\b(error|cause):", " ", finished.stderr).split())
        raise ProjectError(
            f"{requirements.FILE} cannot be installed in {image.name} ({image}): {reason}"
        )
    found = [line.partition(";")[0].strip() for line in finished.stdout.splitlines()]
    return [pin for pin in found if pin and name(pin) not in image.held]


def own_wheels() -> list[str]:
    """The option of uv and pip for wheels that no index has."""
    folder = paths.RUNTIME / "wheels"
    return ["--find-links", str(folder)] if folder.is_dir() else []


def name(pin: str) -> str:
    """The normalized name of a pin."""
    return canonicalize_name(Requirement(pin).name)


def uv() -> str:
    """The program; ProjectError where there is none."""
    found = shutil.which("uv") or shutil.which("uv", path=sysconfig.get_path("scripts"))
    if found is None:
        raise ProjectError(
            f"uv has to look whether {requirements.FILE} fits the image, and is not here: "
            "python -m pip install uv"
        )
    return found
