"""Which modules of a package import each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

# Module: the modules that it imports; both by their path in the package, as jobs.training.
Imports = dict[str, set[str]]


def imports_of(package: Path, name: str = "") -> Imports:
    """Every import of a package's own modules, in functions and under TYPE_CHECKING too.

    Args:
        package: its folder.
        name: by which its modules may import each other; empty: the folder's.
    """
    files = {_module(file.relative_to(package)): file for file in package.rglob("*.py")}
    own, found = name or package.name, {}
    for module, file in files.items():
        tree = ast.parse(file.read_text(encoding="utf-8"))
        targets = {t for node in ast.walk(tree) for t in _targets(node, own, module, file)}
        found[module] = {_known(target, set(files)) for target in targets} - {module}
    return found


def _module(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _targets(node: ast.AST, package: str, module: str, file: Path) -> Iterator[str]:
    """Names below the package that a statement imports; ``a.b.c`` may be a name in ``a.b``."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name.partition(".")[0] == package:
                yield alias.name.partition(".")[2] or "__init__"
    elif isinstance(node, ast.ImportFrom):
        start = _start(node, package, module, file)
        if start is not None:
            yield from (".".join([*start, alias.name]) for alias in node.names)


def _start(node: ast.ImportFrom, package: str, module: str, file: Path) -> list[str] | None:
    parts = node.module.split(".") if node.module else []
    if not node.level:
        return parts[1:] if parts[:1] == [package] else None
    own = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    return [*own[: len(own) + 1 - node.level], *parts]


def _known(target: str, modules: set[str]) -> str:
    while target and target not in modules:
        target = target.rpartition(".")[0]
    return target or "__init__"


def circle(imports: Imports) -> list[str]:
    """Modules that import each other in turn, the first one again at the end; empty: none do."""
    done: set[str] = set()

    def search(module: str, way: list[str]) -> list[str]:
        if module in way:
            return [*way[way.index(module) :], module]
        if module in done:
            return []
        for target in sorted(imports.get(module, ())):
            if found := search(target, [*way, module]):
                return found
        done.add(module)
        return []

    return next(filter(None, (search(module, []) for module in sorted(imports))), [])
