"""What of this machine a script's result depends on: Python, libraries, variables, this engine."""

from __future__ import annotations

import dis
import hashlib
import json
import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from types import CodeType

from sagemaker_local.processes import aws_variables, libraries
from sagemaker_local.storage.content import Digests, Memory, files_below

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# A shell puts the command that it runs there, so every way to start a run would be another one.
_OF_THE_SHELL = {"_"}
_IMPORTERS = {"__import__", "import_module"}
_IMPORT = dis.opmap["IMPORT_NAME"]
PACKAGE = Path(__file__).parents[1]
# Folders of this engine that ask for results, refuse, or explain, and make none. All others count:
# a new one does until it is named here.
MAKES_NO_RESULT = frozenset({"client", "endpoints", "planning", "pruning", "sdk"})


@dataclass(frozen=True)
class Code:
    """What a step runs.

    Attributes:
        sources: texts of its Python scripts.
        local: names of the modules that lie beside them.
        known: False if other programs run than these scripts: any library may be used.
    """

    sources: tuple[str, ...]
    local: frozenset[str] = frozenset()
    known: bool = True


def parts_of(code: Code, memory: Memory) -> dict[str, str]:
    """What code depends on beside its inputs and settings, by name.

    Libraries count by their versions: those that a script imports, and what these require. Modules
    that no installer wrote (of an editable install, on PYTHONPATH) count by their files. Variables
    of this process, which jobs inherit, count if a script names them.

    Args:
        code: what runs.
        memory: keeps what is slow to find out.

    Returns:
        ``{"Python": "3.12.1", "pandas": "2.2.3", "variable MODE": "sha256:...", ...}``.
    """
    parts = {
        "Python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "sagemaker_local": f"sha256:{_engine()}",
    }
    sources = list(code.sources)
    used: set[str] = set()
    pending = {module for source in sources for module in facts(source).modules}
    owners = distributions_of(memory) if pending else {}
    seen: set[str] = set()
    while pending:
        module = pending.pop()
        seen.add(module)
        used |= set(owners.get(module, ()))
        if module in code.local:
            continue
        for name, file in _files_of(module, installed=module in owners):
            parts[f"module {name}"] = f"sha256:{Digests(memory).of_file(file)}"
            if name.endswith(".py"):
                sources.append(file.read_text(encoding="utf-8", errors="replace"))
                pending |= facts(sources[-1]).modules - seen
    everything = {} if code.known else libraries.everything()
    return parts | _variables(sources) | everything | libraries.versions(used)


@dataclass(frozen=True)
class Facts:
    """What a script's text tells: modules that it imports, texts that may name a variable."""

    modules: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()


@lru_cache(maxsize=512)
def facts(source: str) -> Facts:
    """Read a script without running it; of one with a flaw, nothing is known: it cannot run.

    It is compiled, not parsed into a tree: before Python 3.11.8 two threads that make trees at once
    break each other (cpython issue 106905), and a notebook's kernel makes one for each cell.
    """
    try:
        top = compile(source, "script", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return Facts()
    modules: set[str] = set()
    texts: set[str] = set()
    for code in _codes(top):
        named = set(_names(code.co_consts))
        modules |= set(_imports(code))
        if not _IMPORTERS.isdisjoint(code.co_names):
            modules |= {name.partition(".")[0] for name in named}
        texts |= named
    return Facts(frozenset(modules) - sys.stdlib_module_names, frozenset(texts))


def _codes(code: CodeType) -> Iterator[CodeType]:
    """The code of a script and of everything that is defined in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _imports(code: CodeType) -> Iterator[str]:
    """Top-level names of the modules that import statements name, relative ones left out."""
    if _IMPORT not in code.co_code[::2]:  # most functions have none, and dis is slow
        return
    instructions = list(dis.get_instructions(code))
    for index, instruction in enumerate(instructions):
        if instruction.opname == "IMPORT_NAME" and instructions[index - 2].argval == 0:
            yield str(instruction.argval).partition(".")[0]


def _names(constants: Iterable[object]) -> Iterator[str]:
    """Literals that are a name, or a dotted one; constant tuples and sets hold some, too."""
    for value in constants:
        if isinstance(value, str) and all(map(_VARIABLE.fullmatch, value.split("."))):
            yield value
        elif isinstance(value, tuple | frozenset):
            yield from _names(value)


def distributions_of(memory: Memory) -> dict[str, list[str]]:
    """Names of the installed distributions that bring a module; kept until one is installed."""
    stamp = libraries.installed()
    known = memory.remembered("distributions", stamp)
    if known is not None:
        found: dict[str, list[str]] = json.loads(known)
        return found
    found = _read_distributions(stamp)
    memory.remember("distributions", stamp, json.dumps(found))
    return found


@lru_cache(maxsize=1)
def _read_distributions(stamp: str) -> dict[str, list[str]]:
    """Also for a second session in this process, on another root."""
    return {name: list(owners) for name, owners in metadata.packages_distributions().items()}


def _variables(sources: Iterable[str]) -> dict[str, str]:
    """Digests of the variables that the scripts name; their values may be secrets."""
    named = {text for source in sources for text in facts(source).texts} - _OF_THE_SHELL
    inherited = {name for name in named & set(os.environ) if not aws_variables.is_replaced(name)}
    return {f"variable {name}": _digest_of(os.environ[name]) for name in inherited}


def _digest_of(value: str) -> str:
    return f"sha256:{hashlib.sha256(os.fsencode(value)).hexdigest()}"


def _files_of(module: str, installed: bool) -> Iterator[tuple[str, Path]]:
    """Names and files of a module's code, unless an installer wrote it: then its version says all.

    Args:
        module: its top-level name.
        installed: a distribution says that it brings the module.
    """
    spec = _spec(module)
    places = spec.submodule_search_locations or [spec.origin or ""] if spec else []
    for path in map(Path, places):
        by_installer = installed and path.parent.name.endswith(libraries.INSTALLED)
        if not by_installer and path.is_absolute() and path.exists():
            for file, name in files_below(path):
                yield (f"{module}/{name}" if path.is_dir() else name), file


def _spec(module: str) -> ModuleSpec | None:
    """Where a job would find a module; nothing is imported."""
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    try:
        return PathFinder.find_spec(module, paths) or find_spec(module)
    except (ImportError, ValueError):
        return None


@cache
def _engine() -> str:
    return engine_digest(PACKAGE)


def engine_digest(package: Path) -> str:
    """A digest of the engine's code that makes results: another one may make another result.

    Args:
        package: the folder ``sagemaker_local``.
    """
    total = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        name = file.relative_to(package)
        if name.parts[0] not in MAKES_NO_RESULT:
            total.update(f"{name.as_posix()}\0".encode() + file.read_bytes())
    return total.hexdigest()
