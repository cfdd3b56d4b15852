"""Each step's code is its script and what that imports, in a folder named by the content."""

import shutil
import sys
from pathlib import Path

import pytest

from tabular import sources

from {{ cookiecutter.package_name }} import errors, paths, settings
from {{ cookiecutter.package_name }}.pipelines import staging


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the runtime scripts that a test may change."""
    copy = Path(shutil.copytree(paths.RUNTIME, tmp_path / "runtime"))
    monkeypatch.setattr(paths, "RUNTIME", copy)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(staging, "STAGED", tmp_path / "staged")
    return copy


def test_a_script_comes_with_what_it_imports_directly_or_not(runtime: Path) -> None:
    folder = Path(staging.stage("train.py"))
    staged = {file.relative_to(folder).as_posix() for file in folder.rglob("*.py")}
    assert {"train.py", "inference.py", "features.py", "tabular/values.py"} <= staged
    assert "tabular/__init__.py" in staged, "a folder without it would be another kind of package"
    assert not staged & {"preprocess.py", "tabular/tables.py", "tabular/table_check.py"}
    assert (folder / "train.py").read_bytes() == (runtime / "train.py").read_bytes()


def test_a_comment_in_one_script_leaves_the_others_where_they_were(runtime: Path) -> None:
    before = {name: staging.stage(name) for name in ("preprocess.py", "train.py")}
    script = runtime / "train.py"
    script.write_text(script.read_text(encoding="utf-8") + "# a thought\n", encoding="utf-8")
    after = {name: staging.stage(name) for name in ("preprocess.py", "train.py")}
    assert after["preprocess.py"] == before["preprocess.py"]
    assert after["train.py"] != before["train.py"]


def test_staging_twice_leaves_one_folder(runtime: Path) -> None:
    assert staging.stage("train.py") == staging.stage("train.py")
    assert len(list(staging.STAGED.iterdir())) == 1


def test_a_script_that_does_not_exist(runtime: Path) -> None:
    with pytest.raises(errors.ProjectError, match=r"runtime/tune\.py does not exist"):
        staging.stage("tune.py")


def change(file: Path) -> None:
    file.write_text(file.read_text(encoding="utf-8") + "# a thought\n", encoding="utf-8")


def test_a_change_in_the_library_reaches_the_scripts_that_import_it(runtime: Path) -> None:
    scripts = ("preprocess.py", "train.py", "evaluate.py", "summarize.py")

    def changed(module: str) -> set[str]:
        before = {name: staging.stage(name) for name in scripts}
        change(runtime / "tabular" / module)
        return {name for name in scripts if staging.stage(name) != before[name]}

    assert changed("batches.py") == {"preprocess.py"}
    assert changed("slices.py") == {"evaluate.py"}
    assert changed("training_data.py") == {"train.py"}
    assert changed("values.py") == {*scripts}


IMPORTS = {
    "from . import near": {"tabular/near.py"},
    "from .near import x": {"tabular/near.py"},
    "from .deep import far": {"tabular/deep/__init__.py", "tabular/deep/far.py"},
    "from .deep.far import x": {"tabular/deep/__init__.py", "tabular/deep/far.py"},
    "import tabular.deep.far": {"tabular/deep/__init__.py", "tabular/deep/far.py"},
    "def later():\n    from tabular import near": {"tabular/near.py"},
    "import json, near": set(),
    "from . import near as far": {"tabular/near.py"},
}


@pytest.mark.parametrize(("code", "expected"), IMPORTS.items(), ids=IMPORTS)
def test_packages_and_relative_imports_are_followed(
    runtime: Path, code: str, expected: set[str]
) -> None:
    files = {"near.py": "x = 1", "deep/__init__.py": "", "deep/far.py": "x = 1", "new.py": code}
    for name, text in files.items():
        (runtime / "tabular" / name).parent.mkdir(exist_ok=True)
        (runtime / "tabular" / name).write_text(f"{text}\n", encoding="utf-8")
    (runtime / "new.py").write_text("from tabular.new import *\n", encoding="utf-8")
    always = {"new.py", "tabular/__init__.py", "tabular/new.py"}
    assert set(sources.files_of(runtime, "new.py")) == always | expected


def test_relative_imports_go_up_from_a_package_in_the_package(runtime: Path) -> None:
    (runtime / "tabular" / "deep").mkdir()
    (runtime / "tabular" / "deep" / "__init__.py").write_text("from ..values import text\n")
    (runtime / "new.py").write_text("import tabular.deep\n")
    library = {"tabular/__init__.py", "tabular/deep/__init__.py", "tabular/values.py"}
    assert set(sources.files_of(runtime, "new.py")) == {"new.py", *library}


@pytest.mark.parametrize("file", ["train.py", "tabular/values.py"])
@pytest.mark.parametrize(
    "code",
    [
        "import sagemaker_local",
        "from sagemaker_local.storage import archive",
        f"from {settings.PACKAGE} import paths",
        f"def later():\n    import {settings.PACKAGE}.paths",
    ],
)
def test_what_only_this_machine_has_is_refused(runtime: Path, file: str, code: str) -> None:
    (runtime / file).write_text(f"{code}\n{(runtime / file).read_text(encoding='utf-8')}")
    name = "sagemaker_local" if "sagemaker_local" in code else settings.PACKAGE
    with pytest.raises(errors.ProjectError, match=rf"^runtime/{file} imports {name}, which is not"):
        staging.stage("train.py")
    assert not staging.STAGED.exists(), "what is refused leaves nothing behind"


def test_no_script_of_this_project_imports_what_only_this_machine_has(runtime: Path) -> None:
    for script in runtime.glob("*.py"):
        staging.check_imports(script.name)


def test_what_is_installed_by_pip_has_a_setup(runtime: Path) -> None:
    plain, installable = Path(staging.stage("train.py")), Path(staging.stage("train.py", True))
    assert not (plain / "setup.py").exists()
    assert 'name="train"' in (installable / "setup.py").read_text(encoding="utf-8")
    assert {f.name for f in installable.iterdir()} == {f.name for f in plain.iterdir()} | {
        "setup.py"
    }
