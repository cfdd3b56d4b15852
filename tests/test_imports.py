"""Modules of a generated project stand in an order: none import each other in turn."""

from pathlib import Path

import pytest
from conftest import Bake
from import_graph import circle, imports_of

MOST_LINES = 300


@pytest.mark.parametrize("folder", ["src/used_car_prices", "runtime/tabular"])
@pytest.mark.slow
def test_no_modules_import_each_other_in_turn(bake: Bake, folder: str) -> None:
    imports = imports_of(bake() / folder)
    assert any(imports.values())
    assert circle(imports) == []


@pytest.mark.parametrize("folder", ["src", "runtime"])
def test_no_file_is_over_300_lines(bake: Bake, folder: str) -> None:
    files = list((bake() / folder).rglob("*.py"))
    assert files
    lines = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_a_made_up_circle_is_found(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").touch()
    (tmp_path / "one.py").write_text("from .two import f")
    (tmp_path / "two.py").write_text("def f():\n    from used import one")
    assert circle(imports_of(tmp_path, "used")) == ["one", "two", "one"]
