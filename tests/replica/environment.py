"""The environment of the rebuilt image: made once, kept below `build`, never installed into.

The image's own are the versions, sagemaker-containers with the patch that the image's Dockerfile
makes, and its commands `train` and `serve`: Flask in gunicorn. `entry_points.py` stands for the
package that no index has; there is no nginx before gunicorn, and no CUDA, smdebug or Java.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build" / "image"
VERSION = "3.12"
# A name that Python 3.10 took away, and the module in which the image puts it right.
OLD, NEW = "collections.Mapping", "collections.abc.Mapping"
SERVE = f"""#!/opt/venv/bin/python
from {(HERE / "entry_points.py").stem} import serve

serve()
"""
LIBRARY = "sagemaker-containers==2.8.6.post2"
UV = [sys.executable, "-m", "uv"]


class NotHere(Exception):
    """What the image needs is not on this machine; the text says what."""


def interpreter(version: str) -> Path | None:
    """A Python of this version that is on this machine; never a download."""
    found = [Path(each) for each in [shutil.which(f"python{version}")] if each]
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found += sorted(root.glob(f"versions/{version}.*/bin/python{version}"))
    search = [*UV, "python", "find", "--managed-python", "--no-python-downloads", version]
    found += [Path(line) for line in _printed(search).splitlines()]
    says = "import sys; print('%d.%d' % sys.version_info[:2])"
    return next((p for p in found if _printed([str(p), "-c", says]).strip() == version), None)


def _printed(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def made(build: Path = BUILD) -> Path:
    """The environment's folder, made unless it is there.

    Raises:
        NotHere: no Python 3.12, no C compiler, or no package index.
    """
    sources = [HERE / name for name in ("requirements.txt", "entry_points.py")]
    made_of = [LIBRARY, OLD, NEW, SERVE, *(file.read_text(encoding="utf-8") for file in sources)]
    digest = hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:12]
    place = build / digest
    build.mkdir(parents=True, exist_ok=True)
    with FileLock(build / "lock"):
        if not place.is_dir():
            unfinished = build / "unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            _make(unfinished)
            for old in build.iterdir():
                if old.is_dir() and old != unfinished and not old.name.startswith("copy-"):
                    shutil.rmtree(old)
            unfinished.rename(place)
    return place


def _make(folder: Path) -> None:
    python = interpreter(VERSION)
    if python is None:
        raise NotHere(f"SageMaker's image has Python {VERSION}, which is not on this machine")
    if shutil.which("cc") is None:
        raise NotHere(f"{LIBRARY} is compiled when it is installed, and there is no C compiler")
    _run([*UV, "venv", "-q", "--relocatable", "--python", str(python), str(folder)])
    install = [*UV, "pip", "install", "-q", "--python", str(folder / "bin" / "python")]
    _run([*install, "--no-deps", LIBRARY])
    # Compiled now, since a container is a copy that forgets what was compiled in it.
    _run([*install, "--compile-bytecode", "-r", str(HERE / "requirements.txt")])
    (packages,) = folder.glob("lib/python*/site-packages")
    mapping = packages / "sagemaker_containers" / "_mapping.py"
    text = mapping.read_text(encoding="utf-8")
    mapping.write_text(text.replace(OLD, NEW), encoding="utf-8")
    shutil.copy(HERE / "entry_points.py", packages)
    (folder / "bin" / "serve").write_text(SERVE, encoding="utf-8")


@contextmanager
def copied(image: Path) -> Iterator[Path]:
    """A copy of the environment to install into; it takes no room, since it is made of links."""
    with tempfile.TemporaryDirectory(dir=image.parent, prefix="copy-") as folder:
        copy = Path(folder) / "venv"
        yield Path(shutil.copytree(image, copy, symlinks=True, copy_function=os.link))


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotHere(f"{' '.join(command[3:5])} failed: {done.stderr.strip()[-500:]}")


if __name__ == "__main__":
    try:
        print(made() / "bin" / "python")
    except NotHere as error:
        sys.exit(str(error))
