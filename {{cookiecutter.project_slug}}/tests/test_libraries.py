"""Libraries beyond the image's: read, compared with the image and with what is here, staged."""

import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tabular import artifact, libraries

from {{ cookiecutter.package_name }} import cli, errors, paths
from {{ cookiecutter.package_name }}.libraries import image, requirements, resolution, wheels
from {{ cookiecutter.package_name }}.libraries.check import check_libraries
from {{ cookiecutter.package_name }}.pipelines import staging
from {{ cookiecutter.package_name }}.runs import surroundings

URI = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
LINUX = "py3-none-manylinux_2_28_x86_64"


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the runtime folder that a test may change."""
    copy = Path(shutil.copytree(paths.RUNTIME, tmp_path / "runtime"))
    monkeypatch.setattr(paths, "RUNTIME", copy)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(staging, "STAGED", tmp_path / "staged")
    monkeypatch.setattr(resolution, "RESOLVED", tmp_path / "resolved")
    return copy


def ask_for(runtime: Path, *lines: str) -> None:
    (runtime / "requirements.txt").write_text("".join(f"{line}\n" for line in lines))


def add_wheel(runtime: Path, name: str, version: str, tags: str = LINUX, *needs: str) -> None:
    """A wheel with nothing in it but what it needs."""
    folder = runtime / "wheels"
    folder.mkdir(exist_ok=True)
    described = "\n".join(
        ["Metadata-Version: 2.1", f"Name: {name}", *(f"Requires-Dist: {each}" for each in needs)]
    )
    with zipfile.ZipFile(folder / f"{name}-{version}-{tags}.whl", "w") as archive:
        archive.writestr(f"{name}-{version}.dist-info/METADATA", described + "\n")


def refused(here: bool = True, uri: str = URI) -> str:
    with pytest.raises(errors.ProjectError) as raised:
        check_libraries(here, uri)
    return str(raised.value)


# What is asked for


def test_a_project_without_any_asks_for_nothing(runtime: Path) -> None:
    assert "jobs have the libraries of their image" in check_libraries(False, "any/image:1")
    before = staging.entrypoint("train.py")
    folder = Path(staging.stage("train.py"))
    assert before == ["python3", "/opt/ml/processing/input/code/train.py"]
    assert staging.requirements() is None
    names = {file.name for file in folder.iterdir()}
    assert not names & {"requirements.txt", "constraints.txt", "install_and_run.py", "wheels"}
    shutil.rmtree(runtime / "wheels", ignore_errors=True)
    (runtime / "constraints.txt").unlink()
    assert check_libraries(here=True), "nor does it need to know the image"


@pytest.mark.parametrize("line", ["-r more.txt", "--pre", "light gbm", "x @ https://x"])
def test_a_line_that_is_no_library_is_named(runtime: Path, line: str) -> None:
    ask_for(runtime, "# mine", "numpy  # of the image", "", line)
    assert "runtime/requirements.txt line 4" in refused()


def test_what_is_not_installed_here_is_said_with_what_to_do(runtime: Path) -> None:
    ask_for(runtime, "no-such-library>=2", "pytest<1", "numpy", "pywin32; sys_platform == 'win32'")
    message = refused()
    assert "no-such-library>=2, which is not installed and pytest<1, and " in message
    assert message.endswith("is installed here: make setup") and "numpy" not in message
    assert "pywin32" not in message


def test_what_is_installed_here_is_listed(runtime: Path) -> None:
    ask_for(runtime, "pytest>=7")
    assert check_libraries(here=True) == "installed here: pytest>=7"


def test_the_record_of_a_run_has_their_versions(runtime: Path) -> None:
    assert "pytest" not in surroundings.versions()
    ask_for(runtime, "pytest>=7", "no-such-library")
    assert surroundings.versions()["pytest"] == metadata.version("pytest")


# The image


@pytest.mark.parametrize("here", [True, False])
def test_a_clash_with_the_image_is_refused_in_both_sessions(runtime: Path, here: bool) -> None:
    ask_for(runtime, "pandas>=2.3", "NumPy>=2", "pyarrow<10; python_version < '3.12'")
    message = refused(here)
    assert "asks for pandas>=2.3, but sagemaker-xgboost:3.2-0 holds pandas 2.2.3" in message
    assert "NumPy" not in message and "pyarrow" not in message


def test_the_image_is_the_one_that_the_sdk_gives() -> None:
    from sagemaker.core import image_uris

    described = image.read()
    uri = image_uris.retrieve("xgboost", "us-east-1", version="3.2-0")
    assert uri.endswith(described.name)
    held = {name: described.held[name] for name in ("numpy", "pandas", "scikit-learn", "xgboost")}
    assert held == {
        "numpy": "2.1.0",
        "pandas": "2.2.3",
        "scikit-learn": "1.8.0",
        "xgboost": "3.2.0",
    }


def test_an_image_of_ones_own_has_to_be_described(runtime: Path) -> None:
    ask_for(runtime, "pytest")
    add_wheel(runtime, "pytest", "8.0", "py3-none-any")
    message = refused(here=False, uri="123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:1")
    assert "describes sagemaker-xgboost:3.2-0, but jobs run in 1234" in message
    text = (runtime / "constraints.txt").read_text()
    (runtime / "constraints.txt").write_text(text.replace("sagemaker-xgboost:3.2-0", "mine:1"))
    assert check_libraries(False, "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("numpy==2.1.0", "should say which image it describes"),
        ("# image: a:1\n# python: 3.12\n# platform: win_amd64", "which image it describes"),
        ("# image: a:1\n# python: 3.12\n# platform: manylinux_2_28_aarch64\nnumpy", "line 4 is"),
    ],
)
def test_a_description_that_says_too_little(runtime: Path, text: str, message: str) -> None:
    ask_for(runtime, "pytest")
    (runtime / "constraints.txt").write_text(text)
    assert message in refused()


def test_tags_of_wheels_that_fit_the_image() -> None:
    tags = {str(tag) for tag in image.read().tags}
    fits = ["cp312-cp312-manylinux_2_34_x86_64", "cp39-abi3-manylinux2014_x86_64", "py3-none-any"]
    assert set(fits) <= tags and LINUX in tags
    wrong = ["cp313-cp313-manylinux_2_28_x86_64", "cp312-cp312-manylinux_2_35_x86_64"]
    assert not tags & {*wrong, "cp312-cp312-win_amd64", "cp312-cp312-manylinux_2_28_aarch64"}


# Wheels


def problems(*asked: str) -> str:
    wanted = [Requirement(each) for each in asked]
    return "; ".join(wheels.problems(wanted, image.read(), wheels.present()))


def test_wheels_that_are_complete_pass(runtime: Path) -> None:
    add_wheel(runtime, "lightgbm", "4.6.0", LINUX, "numpy>=1.17", "scipy", "dask; extra == 'dask'")
    assert problems("lightgbm>=4.6") == ""


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("lightgbm>=5", "has lightgbm 4.6.0, and runtime/requirements.txt leads to lightgbm>=5"),
        ("catboost", "has no catboost, and runtime/requirements.txt leads to catboost"),
        ("lightgbm[plots]", "has no seaborn, and runtime/requirements.txt leads to seaborn"),
        ("lightgbm[old]", "has numpy 2.1.0, and runtime/requirements.txt leads to numpy<2"),
    ],
)
def test_what_is_missing_among_wheels_is_named(runtime: Path, asked: str, message: str) -> None:
    needs = ("numpy", "seaborn; extra == 'plots'", "numpy<2; extra == 'old'")
    add_wheel(runtime, "lightgbm", "4.6.0", LINUX, *needs)
    assert message in problems(asked)


@pytest.mark.parametrize("tags", ["cp313-cp313-manylinux_2_28_x86_64", "py3-none-win_amd64"])
def test_a_wheel_for_something_else_is_named(runtime: Path, tags: str) -> None:
    add_wheel(runtime, "lightgbm", "4.6.0", tags)
    expected = f"lightgbm-4.6.0-{tags}.whl is not for Python 3.12 on manylinux_2_34_x86_64"
    assert expected in problems("lightgbm")


def test_a_broken_wheel_is_named(runtime: Path) -> None:
    (runtime / "wheels").mkdir()
    (runtime / "wheels" / f"lightgbm-4.6.0-{LINUX}.whl").write_text("<html>")
    with pytest.raises(errors.ProjectError, match="is broken"):
        problems("lightgbm")


# Staged, and with a model


def test_staged_code_has_the_lines_and_not_their_comments(runtime: Path) -> None:
    ask_for(runtime, "pytest>=7", "numpy")
    first = Path(staging.stage("preprocess.py"))
    ask_for(runtime, "# sorted", "numpy  # of the image", "", "pytest>=7")
    assert Path(staging.stage("preprocess.py")) == first
    text = (first / "requirements.txt").read_text()
    assert text == "-c constraints.txt\nnumpy\npytest>=7\n"
    ask_for(runtime, "pytest>=8")
    assert Path(staging.stage("preprocess.py")) != first, "another line is another environment"


def test_wheels_travel_with_the_code(runtime: Path) -> None:
    ask_for(runtime, "lightgbm")
    add_wheel(runtime, "lightgbm", "4.6.0")
    folder = Path(staging.stage("train.py", installable=True))
    assert [file.name for file in (folder / "wheels").iterdir()] == [f"lightgbm-4.6.0-{LINUX}.whl"]
    options = ["-c constraints.txt", "--no-index", "--find-links wheels"]
    assert (folder / "requirements.txt").read_text().splitlines() == [*options, "lightgbm"]
    assert not (folder / "install_and_run.py").exists(), "what pip installs needs no script for it"


def started(runtime: Path, code: str) -> "subprocess.CompletedProcess[str]":
    """A staged script, started as a processing job starts it."""
    (runtime / "step.py").write_text(code)
    folder = Path(staging.stage("step.py"))
    command = [each.rpartition("/")[2] for each in staging.entrypoint("step.py")]
    assert command == ["python3", "install_and_run.py", "step.py"]
    return subprocess.run(
        [sys.executable, *command[1:], "--name", "x y"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_processing_job_runs_its_script_as_if_alone(runtime: Path) -> None:
    ask_for(runtime, "pytest")
    code = "import sys\nif __name__ == '__main__':\n    print(sys.argv)\n    sys.exit(3)\n"
    finished = started(runtime, code)
    assert (finished.stdout, finished.returncode) == ("['step.py', '--name', 'x y']\n", 3)


def test_a_processing_job_outside_a_container_installs_nothing(runtime: Path) -> None:
    ask_for(runtime, "no-such-library")
    finished = started(runtime, "print('ran')")
    assert (finished.stdout, finished.returncode) == ("", 1)
    assert "step: requirements.txt asks for no-such-library, which is not" in finished.stderr


def test_a_model_keeps_the_versions_that_it_was_trained_with(runtime: Path, tmp_path: Path) -> None:
    ask_for(runtime, "pytest>=7", "pywin32; sys_platform == 'win32'")
    artifact.write(tmp_path, {}, {}, scripts=runtime)
    options, *lines = (tmp_path / "code" / "requirements.txt").read_text().splitlines()
    here = metadata.version("pytest")
    assert options == "-c constraints.txt"
    assert lines == [f"pytest=={here}", "pywin32; sys_platform == 'win32'"]
    assert (tmp_path / "code" / "constraints.txt").is_file()


def test_a_model_whose_library_is_gone_says_which(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "inference.py").write_text("import no_such_library\n")
    (tmp_path / "signature.json").write_text("{}")
    with (
        pytest.raises(ValueError, match=r"the champion needs the library 'no_such_library', which"),
        artifact.opened("champion", tmp_path),
    ):
        pass


def test_libraries_of_a_folder_without_any(tmp_path: Path) -> None:
    libraries.write(tmp_path, tmp_path)
    assert list(tmp_path.iterdir()) == []


# The commands


def test_make_check_asks_for_libraries(runtime: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["libraries", "check"])
    assert capsys.readouterr().out == "jobs have the libraries of their image, and no others\n"
    ask_for(runtime, "no-such-library")
    with pytest.raises(SystemExit, match=r"libraries: runtime/requirements\.txt asks for no-such-"):
        cli.main(["libraries", "check"])


def test_wheels_of_a_project_without_libraries(
    runtime: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_wheel(runtime, "lightgbm", "4.6.0")
    cli.main(["libraries", "wheels"])
    assert "no library is needed" in capsys.readouterr().out
    assert not (runtime / "wheels").exists()
    assert requirements.read() == []
