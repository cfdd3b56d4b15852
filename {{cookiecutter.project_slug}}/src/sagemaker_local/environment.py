"""Which versions of which libraries a script runs with: Python's, and those that it imports."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import metadata

from sagemaker_local.content import Memory

_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def versions(sources: Iterable[str], local: set[str], memory: Memory) -> dict[str, str]:
    """Python's version, and that of every library which the sources need, by name.

    Args:
        sources: texts of Python scripts.
        local: names of the modules that lie beside them.
        memory: keeps what is slow to find out.

    Returns:
        ``{"Python": "3.12.1", "pandas": "2.2.3", ...}``, what those libraries need included.
    """
    modules: set[str] = set()
    for source in sources:
        modules |= imported_modules(source)
    owners = distributions_of(memory)
    used = {owner for name in modules - local for owner in owners.get(name, ())}
    found = {name: metadata.version(name) for name in sorted(_with_requirements(used))}
    return {"Python": platform.python_version(), **found}


@lru_cache(maxsize=512)
def imported_modules(source: str) -> frozenset[str]:
    """Top-level names of the modules that a script imports, the standard library's left out."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return frozenset()
    return frozenset(_imports(tree)) - sys.stdlib_module_names


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def distributions_of(memory: Memory) -> dict[str, list[str]]:
    """Names of the installed distributions that bring a module; kept until one is installed."""
    stamp = installed()
    known = memory.remembered("distributions", stamp)
    if known is not None:
        found: dict[str, list[str]] = json.loads(known)
        return found
    found = {name: list(owners) for name, owners in metadata.packages_distributions().items()}
    memory.remember("distributions", stamp, json.dumps(found))
    return found


def installed() -> str:
    """Changes whenever a distribution is installed, removed or replaced."""
    times = []
    for folder in sys.path:
        if folder.rstrip("/\\").endswith("-packages") and os.path.isdir(folder):  # noqa: PTH112
            times.append(f"{folder} {os.stat(folder).st_mtime_ns}")  # noqa: PTH116
    return hashlib.sha256("\n".join(times).encode()).hexdigest()[:16]


def _with_requirements(names: set[str]) -> set[str]:
    """The distributions, and those that they require in turn, as far as they are installed."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(_requirements(name))
    return found


@lru_cache(maxsize=512)
def _requirements(name: str) -> tuple[str, ...]:
    """Names of what a distribution requires here, extras left out."""
    required = []
    for text in metadata.requires(name) or ():
        requirement, _, marker = text.partition(";")
        match = _REQUIREMENT.match(requirement)
        if match and "extra" not in marker and _is_installed(match.group()):
            required.append(metadata.distribution(match.group()).name)
    return tuple(required)


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True
