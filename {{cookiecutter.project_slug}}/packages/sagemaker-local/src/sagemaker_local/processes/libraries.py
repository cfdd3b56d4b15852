"""The libraries that are installed: which distributions bring what, in which versions."""

from __future__ import annotations

import hashlib
import re
import sys
from functools import lru_cache
from importlib import metadata
from pathlib import Path

# The folders that installers write to: site-packages, and dist-packages on Debian.
INSTALLED = "-packages"
_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_DISTRIBUTIONS = "*.dist-info"


def installed() -> str:
    """Changes whenever a distribution is installed, removed or replaced."""
    folders = [Path(entry) for entry in sys.path if str(entry).rstrip("/\\").endswith(INSTALLED)]
    return _listed(tuple((str(f), f.stat().st_mtime_ns) for f in folders if f.is_dir()))


@lru_cache(maxsize=8)
def _listed(times: tuple[tuple[str, int], ...]) -> str:
    """A digest of what is installed in folders; made anew when one of them has changed.

    Its own time would not do: the first import of a module may write byte code beside it.
    """
    found = (file for folder, _ in times for file in Path(folder).glob(_DISTRIBUTIONS))
    lines = sorted(f"{file} {file.stat().st_mtime_ns}" for file in found)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def everything() -> dict[str, str]:
    """The versions of all distributions, as the names of their folders tell them."""
    found = (folder for entry in reversed(sys.path) for folder in Path(entry).glob(_DISTRIBUTIONS))
    named = (folder.name.removesuffix(".dist-info").partition("-") for folder in found)
    return {name.replace("_", "-"): version for name, _, version in named}


def versions(names: set[str]) -> dict[str, str]:
    """Versions of distributions, and of those that they require in turn."""
    stamp = installed()
    found: dict[str, str] = {}
    pending = sorted(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found[name] = _version(name, stamp)
            pending.extend(_requirements(name, found[name], stamp))
    return found


def version(name: str) -> str:
    """Of an installed distribution; ``absent`` if it is none."""
    try:
        return str(metadata.version(name))
    except metadata.PackageNotFoundError:
        return "absent"


@lru_cache(maxsize=2048)
def _version(name: str, stamp: str) -> str:
    """What ``version`` says; with another stamp, it may be another."""
    return version(name)


@lru_cache(maxsize=2048)
def _requirements(name: str, version: str, stamp: str) -> tuple[str, ...]:
    """Names of what a distribution requires here, extras left out.

    Version and stamp are there for the cache: with another one, the answer may be another.
    """
    required = []
    for text in (version != "absent" and metadata.requires(name)) or ():
        requirement, _, marker = text.partition(";")
        match = _REQUIREMENT.match(requirement)
        if match and "extra" not in marker and _version(match.group(), stamp) != "absent":
            required.append(metadata.distribution(match.group()).name)
    return tuple(required)
