"""Strict parameters: by the cells' text here, and once through papermill itself."""

import math
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

import preprocess
from tabular import splits

from {{ cookiecutter.package_name }} import errors, paths
from {{ cookiecutter.package_name }}.notebooks import limits, parameters
from {{ cookiecutter.package_name }}.notebooks.parameters import ParameterError

IMPORT = "from {{ cookiecutter.package_name }}.notebooks import parameters"

DECLARED = """\
session: str = "local"  # where to run
threshold: float = 0.5  # least value of the metric
rounds: int = 100  # boosting rounds
start: bool = True  # start the pipeline
roles: list[str] = []  # columns
"""


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> InteractiveShell:
    """An IPython shell without cells."""
    shell = InteractiveShell()
    monkeypatch.setattr(parameters, "get_ipython", lambda: shell)
    return shell


def check(shell: InteractiveShell, injected: str = "", declared: str = DECLARED) -> None:
    """Check the parameters as the cell after the parameters cell would."""
    cells = ["import os", declared]
    if injected:
        cells.append(f"# Parameters\n{injected}\n")
    shell.user_ns["In"] = ["", *cells, "parameters.check_parameters()"]
    parameters.check_parameters()


@pytest.mark.parametrize(
    "injected",
    ["", 'session = "managed"', "threshold = 1", "rounds = 7", "start = False", 'roles = ["a"]'],
)
def test_good_values_pass(shell: InteractiveShell, injected: str) -> None:
    check(shell, injected)


def test_true_and_false_as_text_become_booleans(shell: InteractiveShell) -> None:
    check(shell, 'start = "false"')
    assert shell.user_ns["start"] is False


@pytest.mark.parametrize(
    ("injected", "message"),
    [
        ("treshold = 1", "no parameter 'treshold'; did you mean 'threshold'?"),
        ("zzz = 1", "it has session, threshold, rounds, start, roles"),
        ('threshold = "abc"', "must be float, not 'abc' (str); write a number without quotes"),
        ('rounds = "3"', "must be int, not '3' (str); write a number without quotes"),
        ("rounds = 3.5", "must be int, not 3.5 (float)"),
        ("rounds = True", "must be int, not True (bool)"),
        ("threshold = True", "must be float, not True (bool)"),
        ("session = 7", "write `-r session 7`"),
        ("session = True", "write `-r session True`"),
        ("rounds = 1e4", "write a whole number: `-p rounds 10000`"),
        (f"threshold = {10**400}", "must be a finite number"),
        ("start = 1", "write `-p start true` or `-p start false`"),
        ("session = None", "leave it out to use the notebook's own value"),
        ("threshold = float('nan')", "must be a finite number, not nan"),
        ("roles = 'a'", "must be list, not 'a' (str)"),
    ],
)
def test_bad_values_are_named(shell: InteractiveShell, injected: str, message: str) -> None:
    with pytest.raises(ParameterError) as raised:
        check(shell, injected)
    assert message in str(raised.value)


def test_a_whole_number_is_a_float_where_one_belongs(shell: InteractiveShell) -> None:
    check(shell, "threshold = 1", declared=DECLARED.replace("0.5", "2"))
    assert shell.user_ns["threshold"] == 1 and type(shell.user_ns["threshold"]) is float


NOTEBOOKS = {"01_explore": limits.EXPLORING, "03_training_pipeline": limits.TRAINING}
FREE = {"metric_threshold"}  # a number of any size


def parameters_cell(notebook: str) -> str:
    """The parameters cell of one of the project's notebooks."""
    cells = nbformat.read(paths.NOTEBOOKS / f"{notebook}.ipynb", as_version=4).cells
    [source] = [cell.source for cell in cells if "parameters" in cell.metadata.get("tags", ())]
    return str(source)


@pytest.mark.parametrize(
    ("notebook", "known"), [*NOTEBOOKS.items(), ("02_runtime_scripts", limits.SCRIPTS)]
)
def test_the_notebooks_own_values_are_within_their_limits(
    shell: InteractiveShell, notebook: str, known: Mapping[str, limits.Limit]
) -> None:
    source = parameters_cell(notebook)
    exec(source, shell.user_ns)
    shell.user_ns["In"] = ["", source, "check"]
    parameters.check_parameters(known)
    numbers = {each.name for each in parameters.assignments(source) if each.type in (int, float)}
    assert numbers - FREE <= set(known), "every number has a limit"


def test_limits_that_scripts_have_too_are_the_same() -> None:
    """Notebooks say them without loading what the scripts import."""
    assert tuple(preprocess.PROBLEM_TYPES) == limits.PROBLEM_TYPES
    folds = limits.TRAINING["folds"]
    assert [folds(splits.MAX_FOLDS, {}), folds(splits.MAX_FOLDS + 1, {})] == ["", "2 to 8"]
    validation = limits.TRAINING["validation"]
    assert all(validation(name, {}) == "" for name in splits.VALIDATIONS)


BOTH, TRAINING = tuple(NOTEBOOKS), ("03_training_pipeline",)
BEYOND = [
    (BOTH, {"task": "my task!"}, "task 'my task!' cannot be part of a model's name"),
    (BOTH, {"task": "a" * 60}, "at most 63 characters"),
    (BOTH, {"task": "a,b"}, "letters, digits and hyphens"),
    (BOTH, {"problem_type": "clustering"}, "one of empty, regression, binary_classification"),
    (("01_explore",), {"rows": -1}, "'rows' must be 0 or more, not -1"),
    (TRAINING, {"row_limit": -1}, "'row_limit' must be 0 or more"),
    (TRAINING, {"sample_rows": 0}, "'sample_rows' must be 1 or more"),
    (TRAINING, {"split": "random"}, "'split' must be one of hash, date"),
    (TRAINING, {"split": "date"}, "'split_date_column' must be the name of a column"),
    (TRAINING, {"validation": "backtest"}, "'split_date_column' must be the name of a column"),
    (TRAINING, {"validation": "holdouts"}, "one of holdout, cross_validation, backtest"),
    (TRAINING, {"folds": 1}, "'folds' must be 2 to 8, not 1"),
    (TRAINING, {"folds": 9}, "'folds' must be 2 to 8, not 9"),
    (TRAINING, {"gate_on": "validation"}, "must be test, unless `validation` is cross_validation"),
    (TRAINING, {"gate_on": "train"}, "'gate_on' must be one of test, validation"),
    (TRAINING, {"tune_jobs": 0}, "'tune_jobs' must be 1 or more"),
    (TRAINING, {"tune_parallel": 0}, "'tune_parallel' must be 1 or more"),
    (TRAINING, {"decision_threshold": "1.5"}, "must be above 0 and below 1, or auto"),
    (TRAINING, {"decision_threshold": "half"}, "must be above 0 and below 1, or auto"),
    (TRAINING, {"decision_threshold": "nan"}, "must be above 0 and below 1, or auto"),
    (TRAINING, {"max_depth": 0}, "'max_depth' must be 1 to 2,147,483,647"),
    (TRAINING, {"max_depth": 2**31}, "'max_depth' must be 1 to 2,147,483,647"),
    (TRAINING, {"eta": 0.0}, "'eta' must be above 0, not 0.0"),
    (TRAINING, {"rounds": 0}, "'rounds' must be 1 to"),
    (TRAINING, {"subsample": 1.1}, "'subsample' must be above 0 and 1 at most"),
    (TRAINING, {"subsample": 0}, "'subsample' must be above 0 and 1 at most"),
    (TRAINING, {"min_child_weight": -0.1}, "'min_child_weight' must be 0 or more"),
    (TRAINING, {"alpha": 0}, "'alpha' must be above 0"),
    (TRAINING, {"seed": -1}, "'seed' must be 0 to"),
    (TRAINING, {"approval_status": "Yes"}, "one of PendingManualApproval, Approved"),
    (TRAINING, {"deploy": True}, "'deploy' must be false, unless `approval_status` is Approved"),
    (
        TRAINING,
        {"deploy": True, "approval_status": "Approved", "wait": False},
        "'deploy' must be false, unless the run is started and waited for",
    ),
    (TRAINING, {"processing_instance_type": ""}, "must be given, such as ml.m5.large"),
    (TRAINING, {"training_instance_count": 0}, "'training_instance_count' must be 1 or more"),
    (TRAINING, {"processing_time_limit": 0}, "must be 1 to 432,000"),
    (TRAINING, {"training_time_limit": 10**8}, "must be 1 to 2,419,200"),
    (TRAINING, {"parallel_steps": -1}, "'parallel_steps' must be 0 or more"),
]
WITHIN = [
    *({"eta": 1}, {"subsample": 1}, {"alpha": 1}, {"min_child_weight": 0}, {"metric_threshold": 1}),
    *({"metric_threshold": -7}, {"decision_threshold": "auto"}, {"decision_threshold": "1e-3"}),
    *({"validation": "cross_validation", "gate_on": "validation", "folds": 2}, {"task": "a-B2"}),
    {"deploy": True, "approval_status": "Approved"},
    *({"split": "date", "split_date_column": "day"}, {"seed": 0}, {"row_limit": 10**12}),
]


def with_values(shell: InteractiveShell, notebook: str, given: dict[str, object]) -> None:
    """Check a notebook's parameters with these values, as papermill injects them."""
    source = parameters_cell(notebook)
    injected = "# Parameters\n" + "".join(f"{name} = {value!r}\n" for name, value in given.items())
    exec(source + "\n" + injected, shell.user_ns)
    shell.user_ns["In"] = ["", source, injected, "check"]
    parameters.check_parameters(NOTEBOOKS[notebook])


@pytest.mark.parametrize(("notebooks", "given", "message"), BEYOND)
def test_a_value_beyond_its_limit_is_named_at_once(
    shell: InteractiveShell, notebooks: tuple[str, ...], given: dict[str, object], message: str
) -> None:
    for notebook in notebooks:
        with pytest.raises(errors.ProjectError) as raised:
            with_values(shell, notebook, given)
        assert message in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize("given", WITHIN, ids=str)
def test_a_value_at_the_edge_is_taken(shell: InteractiveShell, given: dict[str, object]) -> None:
    with_values(shell, *TRAINING, given)
    for each in parameters.assignments(parameters_cell(*TRAINING)):
        assert type(shell.user_ns[each.name]) is each.type, each.name


def test_a_value_typed_into_the_parameters_cell_is_checked(shell: InteractiveShell) -> None:
    with pytest.raises(ParameterError, match="'threshold' must be float, not 'high'"):
        check(shell, declared='threshold: float = "high"')


def test_types_come_from_the_defaults_where_nothing_is_annotated(shell: InteractiveShell) -> None:
    with pytest.raises(ParameterError, match="'rounds' must be int"):
        check(shell, 'rounds = "many"', declared="rounds = 100")


def test_the_cell_that_checks_declares_nothing(shell: InteractiveShell) -> None:
    shell.user_ns["In"] = ["", DECLARED, "done = parameters.check_parameters()"]
    parameters.check_parameters()
    shell.user_ns["In"] = ["", DECLARED, "# Parameters\nzzz = 1", "done = 1"]
    with pytest.raises(ParameterError, match="no parameter 'zzz'"):
        parameters.check_parameters()


def test_a_notebook_without_a_tagged_cell_is_refused(shell: InteractiveShell) -> None:
    with pytest.raises(ParameterError, match="no cell tagged 'parameters'"):
        check(shell, "rounds = 3", declared="import json")


def test_not_finite_values_are_read() -> None:
    [parameter] = parameters.assignments("x = float('-inf')")
    assert parameter.value == -math.inf


def test_papermill_stops_with_one_sentence(tmp_path: Path) -> None:
    kernel = {"name": "python3", "display_name": "python3", "language": "python"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    notebook.cells = [
        nbformat.v4.new_code_cell(IMPORT),
        nbformat.v4.new_code_cell(DECLARED, metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("parameters.check_parameters()"),
    ]
    nbformat.write(notebook, tmp_path / "in.ipynb")
    command = [sys.executable, "-m", "papermill", "in.ipynb", "out.ipynb", "-k", "python3"]
    arguments = ["-p", "threshhold", "0.7"]

    run = subprocess.run(
        [*command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert run.returncode != 0
    assert "ParameterError: the notebook has no parameter 'threshhold'" in run.stderr
    [failed] = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[-1].outputs
    assert len(failed.traceback) == 1
