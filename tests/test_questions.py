"""The questions: what is refused, what works, and what is left behind in either case."""

import ast
import json
import os
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import SOURCE, TEMPLATE, Bake, Run

BAD_ANSWERS = [
    ("project_name", "", "is empty. A good value: Used Car Prices"),
    ("project_name", "   ", "is empty. A good value: Used Car Prices"),
    ("project_name", "two\nlines", "contains a line break"),
    ("project_name", "x" * 61, "has 61 characters, more than 60"),
    ("project_slug", "a/b", "contains a path separator"),
    ("project_slug", "a\\b", "contains a path separator"),
    ("project_slug", "/absolute", "contains a path separator"),
    ("project_slug", "..", "is not lower-case letters and digits"),
    ("project_slug", "Used Cars", "A good value: used-car-prices"),
    ("project_slug", "", "is empty. A good value: used-car-prices"),
    ("project_slug", "con", "is the name of a device on Windows"),
    ("project_slug", "pandas", "contains or installs"),
    ("project_slug", "a" * 41, "leave room for 40"),
    ("package_name", "class", "is a keyword of Python"),
    ("package_name", "json", "standard library"),
    ("package_name", "nul", "is the name of a device on Windows"),
    ("package_name", "sagemaker", "contains or installs"),
    ("package_name", "sagemaker_local", "contains or installs"),
    ("package_name", "test", "contains or installs"),
    ("package_name", "train", "contains or installs"),
    ("package_name", "2cars", "a letter first. A good value: used_car_prices"),
    ("package_name", "used-cars", "joined by underscores"),
    ("author", "", "is empty. A good value: Ada Lovelace"),
    ("description", "one\ntwo", "contains a line break"),
    ("aws_region", "us-east1", "A good value: us-east-1"),
    ("aws_region", "EU-WEST-3", "A good value: eu-west-3"),
    ("packagename", "cars", "did you mean package_name?"),
    ("colour", "red", "none of the template's questions"),
    ("license", "GPL", "choices are ['MIT', 'Apache-2.0', 'Proprietary']"),
    ("git_init", "perhaps", "could not be converted to a boolean"),
]

ODD_NAMES = [
    'The "best" cars',
    "Bob's cars",
    "C:\\cars\\new",
    "Цены на автомобили",
    "二手车价格 🚗",
    "أسعار السيارات",
    "2030 sales",
    "🚗",
    "class",
    "Pandas",
    "x" * 60,
    "{ } % # & <b>",
]


def command(output: Path, *answers: str, ask: bool = False) -> list[str]:
    """cookiecutter's command line for this template."""
    quiet = [] if ask else ["--no-input"]
    cookiecutter = [sys.executable, "-m", "cookiecutter", "--default-config", *quiet]
    return [*cookiecutter, "--output-dir", str(output), str(TEMPLATE), *answers]


@pytest.mark.parametrize(("question", "answer", "message"), BAD_ANSWERS)
def test_a_bad_answer_is_refused_and_leaves_nothing(
    tmp_path: Path, run: Run, question: str, answer: str, message: str
) -> None:
    (tmp_path / "before").touch()
    refused = run(command(tmp_path, f"{question}={answer}"), tmp_path)
    assert refused.returncode == 1
    assert message in (refused.stdout + refused.stderr).replace("\n", " ")
    assert [path.name for path in tmp_path.iterdir()] == ["before"]


def test_a_refusal_while_being_asked_comes_at_once(tmp_path: Path, run: Run) -> None:
    refused = run(command(tmp_path, ask=True), tmp_path, stdin="Cars\na/b\n")
    assert refused.returncode == 1
    assert 'project_slug "a/b" contains a path separator' in refused.stdout
    assert "Python package" not in refused.stdout
    assert list(tmp_path.iterdir()) == []


def test_being_asked_with_labels(tmp_path: Path, run: Run) -> None:
    answers = ["Cars", "", "", "", "", "2", "3", "eu-west-1", "3", "2", "n"]
    made = run(command(tmp_path, ask=True), tmp_path, stdin="\n".join([*answers, ""]))
    assert made.returncode == 0, made.stderr
    assert "yes or no (binary classification)" in made.stdout
    settings = (tmp_path / "cars/src/cars/settings.py").read_text(encoding="utf-8")
    assert 'PROBLEM_TYPE = "binary_classification"' in settings
    assert 'AWS_REGION = "eu-west-1"' in settings
    assert 'PYTHON_VERSION = "3.13"' in settings
    assert "All rights reserved" in (tmp_path / "cars/LICENSE").read_text(encoding="utf-8")
    assert not (tmp_path / "cars/.github").exists()


def text_files(project: Path) -> list[Path]:
    """Every file of a project that git would keep."""
    ours = (path for path in project.rglob("*") if not {".git", "__pycache__"} & set(path.parts))
    return [path for path in ours if path.is_file()]


# The quick run has three of them.
@pytest.mark.parametrize(
    "name", [*ODD_NAMES[:3], *(pytest.param(n, marks=pytest.mark.slow) for n in ODD_NAMES[3:])]
)
def test_every_file_is_valid_whatever_the_name(bake: Bake, name: str) -> None:
    project = bake(project_name=name, description=f'{name} "quoted" \\ back', author=name)
    parsers: dict[str, Callable[[str], object]] = {
        ".toml": tomllib.loads,
        ".py": ast.parse,
        ".ipynb": json.loads,
        ".yaml": yaml.safe_load,
        ".yml": yaml.safe_load,
    }
    for path in text_files(project):
        if path.suffix in parsers:
            parsers[path.suffix](path.read_text(encoding="utf-8"))
    described = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert described["description"] == f'{name} "quoted" \\ back'
    assert described["authors"] == [{"name": name}]
    assert (project / "README.md").read_text(encoding="utf-8").startswith(f"# {name}\n")
    [settings] = project.glob("src/*/settings.py")
    values: dict[str, str] = {}
    exec(settings.read_text(encoding="utf-8"), values)
    assert values["PROJECT_NAME"] == name
    assert values["PACKAGE"] == settings.parent.name


def test_nothing_is_left_unrendered(bake: Bake) -> None:
    project = bake()
    copied = [project / "packages", project / "runtime"]
    for path in text_files(project):
        if not any(path.is_relative_to(folder) for folder in copied):
            text = path.read_text(encoding="utf-8")
            assert "cookiecutter." not in text, path
            assert "{%" not in text, path
            assert "{{" not in text.replace("${{", ""), path


@pytest.mark.parametrize("license_name", ["MIT", "Apache-2.0", "Proprietary"])
def test_the_licence_is_the_chosen_one(bake: Bake, license_name: str) -> None:
    project = bake(license=license_name)
    text = (project / "LICENSE").read_text(encoding="utf-8")
    first = {"MIT": "MIT License", "Apache-2.0": "Apache License", "Proprietary": "Copyright (c)"}
    assert text.lstrip().startswith(first[license_name])
    assert "Used Car Prices authors" in text
    metadata = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert metadata.get("license") == (None if license_name == "Proprietary" else license_name)


def test_no_generated_name_is_free_to_collide() -> None:
    sys.path.insert(0, str(TEMPLATE))
    import template_answers

    found = (SOURCE / "runtime").iterdir()
    importable = [path for path in found if path.is_dir() or path.suffix == ".py"]
    scripts = {path.stem for path in importable if not path.name.startswith("_")}
    assert scripts <= set(template_answers.TAKEN)


def test_the_regions_are_those_of_the_image() -> None:
    sys.path.insert(0, str(TEMPLATE))
    import sagemaker.core

    import template_answers

    [file] = (Path(path) for path in sagemaker.core.__path__)
    [images] = file.rglob("xgboost.json")
    versions = json.loads(images.read_text(encoding="utf-8"))["training"]["versions"]
    assert sorted(versions["3.2-0"]["registries"]) == sorted(template_answers.REGIONS)


def git_environment(home: Path) -> dict[str, str]:
    """An environment in which git knows nobody."""
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "EMAIL": "",
    }


def test_git_init_makes_a_first_commit(tmp_path: Path, run: Run) -> None:
    identity = {
        f"GIT_{role}_{part}": "ada@example.org"
        for role in ("AUTHOR", "COMMITTER")
        for part in ("NAME", "EMAIL")
    }
    env = {**git_environment(tmp_path), **identity}
    made = run(command(tmp_path / "out"), tmp_path, env=env)
    assert "git: made a repository with a first commit." in made.stdout, made.stderr
    project = tmp_path / "out/used-car-prices"
    assert f'cd "{project}"' in made.stdout
    assert run(["git", "status", "--porcelain"], project, env=env).stdout == ""


def test_git_without_an_identity(tmp_path: Path, run: Run) -> None:
    nobody = {**git_environment(tmp_path), "GIT_CONFIG_COUNT": "1"}
    nobody |= {"GIT_CONFIG_KEY_0": "user.useConfigOnly", "GIT_CONFIG_VALUE_0": "true"}
    made = run(command(tmp_path / "out"), tmp_path, env=nobody)
    assert made.returncode == 0
    assert "git: made a repository without a commit" in made.stdout


def test_without_git(tmp_path: Path, run: Run) -> None:
    made = run(command(tmp_path / "out"), tmp_path, env={"PATH": str(tmp_path)})
    assert made.returncode == 0
    assert "git: not installed" in made.stdout


def test_inside_another_repository(tmp_path: Path, run: Run) -> None:
    run(["git", "init", "--quiet"], tmp_path)
    made = run(command(tmp_path / "out"), tmp_path)
    assert made.returncode == 0
    assert "git: the folder lies inside another repository" in made.stdout
    assert not (tmp_path / "out/used-car-prices/.git").exists()
