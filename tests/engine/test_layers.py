"""The engine's layers: a module imports only from layers above its own, and in no circle."""

from __future__ import annotations

from pathlib import Path

import pytest
import sagemaker_local
from import_graph import Imports, circle, imports_of

PACKAGE = Path(sagemaker_local.__file__).parent
# Top to bottom: each may import those above it; those of one row do not know each other.
LAYERS = (
    ("callers", "errors", "names", "notice", "patterns"),
    ("service_model",),
    ("algorithms", "functions", "serving"),
    ("processes",),
    ("storage",),
    ("definition",),
    ("cache", "registry"),
    ("jobs",),
    ("endpoints",),
    ("steps",),
    ("planning", "engine"),
    ("executions",),
    ("pruning",),
    ("client",),
    ("wire",),
    ("sdk",),
    ("__init__", "__main__"),  # the public face, and the command line
)
ROW = {layer: row for row, layers in enumerate(LAYERS) for layer in layers}
MOST_LINES = 300


def upward(imports: Imports) -> list[str]:
    """Imports of a layer that does not stand above the importing one."""
    return sorted(
        f"{module} imports {target}"
        for module, targets in imports.items()
        for target in targets
        if _layer(module) != _layer(target) and ROW[_layer(target)] >= ROW[_layer(module)]
    )


def _layer(module: str) -> str:
    return module.partition(".")[0]


@pytest.fixture(scope="module")
def imports() -> Imports:
    return imports_of(PACKAGE)


def test_every_folder_and_file_has_its_layer(imports: Imports) -> None:
    assert {_layer(module) for module in imports} == set(ROW)


def test_nothing_imports_upward(imports: Imports) -> None:
    assert upward(imports) == []


def test_no_modules_import_each_other_in_turn(imports: Imports) -> None:
    assert circle(imports) == []


@pytest.mark.parametrize("folder", ["algorithms", "functions", "serving", "processes.forkserver"])
def test_what_runs_without_the_engine_imports_nothing_else_of_it(
    imports: Imports, folder: str
) -> None:
    """In a job's process, and in the server that jobs are forked from, it is not there."""
    inside = {module for module in imports if module.startswith(folder)}
    assert len(inside) > 1
    for module in inside:
        assert imports[module] <= inside, module


def test_no_file_is_over_300_lines() -> None:
    lines = {file: len(file.read_text().splitlines()) for file in PACKAGE.rglob("*.py")}
    assert {file.name: count for file, count in lines.items() if count > MOST_LINES} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from sagemaker_local.client.jobs import x", ["storage.new imports client.jobs"]),
        ("import sagemaker_local.engine", ["storage.new imports engine"]),
        ("from sagemaker_local import LocalSession", ["storage.new imports __init__"]),
        ("from sagemaker_local import steps", ["storage.new imports steps"]),
        ("from ..sdk import session", ["storage.new imports sdk"]),
        ("def f():\n    from sagemaker_local.jobs import x", ["storage.new imports jobs"]),
        (
            "if TYPE_CHECKING:\n    from sagemaker_local.cache import x",
            ["storage.new imports cache"],
        ),
        ("from sagemaker_local.errors import LocalError\nfrom .store import Store", []),
    ],
)
def test_a_made_up_module_that_imports_upward_is_found(
    tmp_path: Path, text: str, found: list[str]
) -> None:
    write(tmp_path, {f"{layer}/__init__.py": "" for layer in ("cache", "jobs", "sdk", "steps")})
    write(tmp_path, {"__init__.py": "", "engine.py": "", "errors.py": "", "client/jobs.py": ""})
    write(tmp_path, {"storage/store.py": "", "storage/new.py": text})
    assert upward(imports_of(tmp_path, "sagemaker_local")) == found


def test_a_made_up_circle_is_found(tmp_path: Path) -> None:
    write(tmp_path, {"jobs/one.py": "def f():\n    from sagemaker_local.jobs import two"})
    write(tmp_path, {"jobs/two.py": "from . import three", "jobs/three.py": "from .one import f"})
    way = circle(imports_of(tmp_path, "sagemaker_local"))
    assert way == ["jobs.one", "jobs.two", "jobs.three", "jobs.one"]
    write(tmp_path, {"jobs/three.py": ""})
    assert circle(imports_of(tmp_path, "sagemaker_local")) == []


def write(package: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
