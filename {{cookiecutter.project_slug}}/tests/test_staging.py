"""Each step's code is its script and what that imports, in a folder named by the content."""

import shutil
from pathlib import Path

import pytest

from {{ cookiecutter.package_name }} import errors, paths
from {{ cookiecutter.package_name }}.pipelines import staging


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the runtime scripts that a test may change."""
    copy = Path(shutil.copytree(paths.RUNTIME, tmp_path / "runtime"))
    monkeypatch.setattr(paths, "RUNTIME", copy)
    monkeypatch.setattr(staging, "STAGED", tmp_path / "staged")
    return copy


def test_a_script_comes_with_what_it_imports_directly_or_not(runtime: Path) -> None:
    folder = Path(staging.stage("train.py"))
    staged = {file.name for file in folder.iterdir()}
    assert {"train.py", "inference.py", "features.py", "values.py"} <= staged
    assert "preprocess.py" not in staged
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
