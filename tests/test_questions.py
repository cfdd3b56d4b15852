"""The questions: what is refused, what works, and what is left behind in either case."""

import ast
import json
import os
import shutil
import sys
import tomllib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from conftest import SOURCE, TEMPLATE, Bake, Run
from cookiecutter.cli import main as cookiecutter

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
    ("problem_type", "clustering", "is none of regression, binary_classification, multiclass_"),
    ("problem_type", "", "problem_type is empty. A good value: regression"),
    ("python_version", "3.10", "is none of 3.12, 3.11, 3.13. A good value: 3.13"),
    ("license", "GPL", "is none of MIT, Apache-2.0, Proprietary. A good value: MIT"),
    ("license", "apache", "A good value: Apache-2.0"),
    ("ci", "gitlab", "is none of github, none. A good value: github"),
    ("git_init", "perhaps", "is neither yes nor no. A good value: yes"),
    ("project_slug", "{{ cookiecutter.project_name }}", "is not lower-case letters and digits"),
    ("aws_region", "{% raw %}", "A good value: us-east-1"),
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
    "Cost {{ x }}",
    "{{ cookiecutter }} {% raw %} {#",
    "$HOME `date` %s \\",
]


def command(output: Path, *answers: str, ask: bool = False) -> list[str]:
    """cookiecutter's command line for this template."""
    return [sys.executable, "-m", "cookiecutter", *arguments(output, *answers, ask=ask)]


def arguments(output: Path, *answers: str, ask: bool = False) -> list[str]:
    quiet = [] if ask else ["--no-input"]
    return ["--default-config", *quiet, "--output-dir", str(output), str(TEMPLATE), *answers]


def called(words: list[str], stdin: str = "") -> Result:
    """cookiecutter's command line in this process, which need not start one."""
    return CliRunner().invoke(cookiecutter, words, input=stdin)


@pytest.mark.parametrize(("question", "answer", "message"), BAD_ANSWERS)
def test_a_bad_answer_is_refused_and_leaves_nothing(
    tmp_path: Path, question: str, answer: str, message: str
) -> None:
    (tmp_path / "before").touch()
    refused = called(arguments(tmp_path, f"{question}={answer}"))
    assert refused.exit_code == 1
    [sentence] = refused.output.splitlines()
    assert message in sentence
    assert [path.name for path in tmp_path.iterdir()] == ["before"]


@pytest.mark.slow
def test_a_refusal_leaves_nothing_to_the_shell_either(tmp_path: Path, run: Run) -> None:
    refused = run(command(tmp_path, "project_slug=a/b"), tmp_path)
    assert refused.returncode == 1
    assert "contains a path separator" in (refused.stdout + refused.stderr).replace("\n", " ")
    assert "Traceback" not in refused.stderr
    assert list(tmp_path.iterdir()) == []


BAD_SETTINGS = [
    ("license: GPL", 'license "GPL" is none of'),
    ("python_version: 3.10", 'python_version "3.1" is none of'),  # YAML makes a number of it
    ("author:", "author is empty"),
]


@pytest.mark.parametrize(("line", "sentence_starts"), BAD_SETTINGS)
def test_a_bad_answer_in_ones_settings_is_refused(
    tmp_path: Path, line: str, sentence_starts: str
) -> None:
    settings = tmp_path / "own.yaml"
    settings.write_text(f"default_context:\n  {line}\n", encoding="utf-8")
    words = [word for word in arguments(tmp_path / "out") if word != "--default-config"]
    refused = called([*words, "--config-file", str(settings)])
    assert refused.exit_code == 1 and not (tmp_path / "out").exists()
    [sentence] = refused.output.splitlines()
    assert sentence.startswith(sentence_starts) and "A good value: " in sentence


@pytest.mark.slow
def test_a_replay_gives_the_same_project_or_is_refused(tmp_path: Path, run: Run) -> None:
    settings = tmp_path / "own.yaml"
    place = json.dumps(str(tmp_path / "replays"))
    lines = f"replay_dir: {place}\ndefault_context: {{author: '{{{{ Ada }}}}', git_init: false}}\n"
    settings.write_text(lines, encoding="utf-8")
    words = [word for word in command(tmp_path / "first") if word != "--default-config"]
    words += ["--config-file", str(settings)]
    assert run(words, tmp_path).returncode == 0
    [replay] = (tmp_path / "replays").iterdir()

    again = [word for word in words if word != "--no-input"]
    again[again.index(str(tmp_path / "first"))] = str(tmp_path / "second")
    again += ["--replay-file", str(replay)]
    assert run(again, tmp_path).returncode == 0
    metadata = Path("used-car-prices/pyproject.toml")
    made = [
        (tmp_path / each / metadata).read_text(encoding="utf-8") for each in ("first", "second")
    ]
    assert made[0] == made[1] and '[{ name = "{{ Ada }}" }]' in made[0]

    edited = replay.read_text(encoding="utf-8").replace('"github"', '"gitlab"')
    replay.write_text(edited, encoding="utf-8")
    shutil.rmtree(tmp_path / "second")
    refused = run(again, tmp_path)
    assert refused.returncode == 1 and list(tmp_path.glob("second/*")) == []
    assert refused.stdout == 'ci "gitlab" is none of github, none. A good value: github\n'


@pytest.mark.slow
def test_what_is_typed_comes_out_as_typed(tmp_path: Path, run: Run) -> None:
    typed = [
        "Cost {{ x }}",
        "cost",
        "",
        "{% raw %}",
        "{# Ada #}",
        "9",
        "2",
        "",
        "",
        "",
        "2",
        "n",
        "",
    ]
    made = run(command(tmp_path, ask=True), tmp_path, stdin="\n".join(typed))
    assert made.returncode == 0, made.stderr
    assert "Please select one of the available options" in made.stdout, "9 is asked again"
    readme = (tmp_path / "cost/README.md").read_text(encoding="utf-8")
    assert readme.startswith("# Cost {{ x }}\n\n{% raw %}\n")
    assert "{# Ada #}" in (tmp_path / "cost/LICENSE").read_text(encoding="utf-8")


def test_a_refusal_while_being_asked_comes_at_once(tmp_path: Path) -> None:
    refused = called(arguments(tmp_path, ask=True), stdin="Cars\na/b\n")
    assert refused.exit_code == 1
    assert 'project_slug "a/b" contains a path separator' in refused.output
    assert "Python package" not in refused.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD_NAMES)
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
    copied = [project / name for name in ("packages", "runtime", "build/exported/runtime")]
    for path in text_files(project):
        if not any(path.is_relative_to(folder) for folder in copied):
            text = path.read_text(encoding="utf-8")
            assert "cookiecutter." not in text, path
            assert "{%" not in text, path
            assert "{{" not in text.replace("${{", ""), path


@pytest.mark.slow
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
    import template_answers

    sdk = find_spec("sagemaker")  # which takes seconds to import
    assert sdk is not None
    [folder] = sdk.submodule_search_locations or []
    [images] = Path(folder, "core").rglob("xgboost.json")
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_git_without_an_identity(tmp_path: Path, run: Run) -> None:
    nobody = {**git_environment(tmp_path), "GIT_CONFIG_COUNT": "1"}
    nobody |= {"GIT_CONFIG_KEY_0": "user.useConfigOnly", "GIT_CONFIG_VALUE_0": "true"}
    made = run(command(tmp_path / "out"), tmp_path, env=nobody)
    assert made.returncode == 0
    assert "git: made a repository without a commit" in made.stdout


@pytest.mark.slow
def test_without_git(tmp_path: Path, run: Run) -> None:
    made = run(command(tmp_path / "out"), tmp_path, env={"PATH": str(tmp_path)})
    assert made.returncode == 0
    assert "git: not installed" in made.stdout


@pytest.mark.slow
def test_inside_another_repository(tmp_path: Path, run: Run) -> None:
    run(["git", "init", "--quiet"], tmp_path)
    made = run(command(tmp_path / "out"), tmp_path)
    assert made.returncode == 0
    assert "git: the folder lies inside another repository" in made.stdout
    assert not (tmp_path / "out/used-car-prices/.git").exists()
