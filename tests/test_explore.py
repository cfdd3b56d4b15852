"""Notebook 01 on all kinds of data: the sample's three targets, own data, many columns."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Bake, Run, copied
from odd_tables import REFUSED, TABLES
from projects import NotebookRun, run_notebook

pytestmark = pytest.mark.slow

NOTEBOOK = "01_explore.ipynb"
PROBLEM_TYPES = ("regression", "binary_classification", "multiclass_classification")


def explore(run: Run, project: Path, **parameters: Any) -> NotebookRun:
    """Run the notebook, which has to succeed."""
    return run_notebook(run, project, NOTEBOOK, **parameters).succeeded()


@pytest.mark.parametrize("problem_type", PROBLEM_TYPES)
def test_the_committed_contract_is_what_the_notebook_proposes(
    problem_type: str, bake_own: Bake, run: Run
) -> None:
    project = bake_own(problem_type=problem_type)
    [committed] = (project / "contracts").iterdir()
    assert committed.name == f"used_cars-{problem_type}.json"
    text = committed.read_bytes()
    committed.unlink()
    done = explore(run, project)
    assert committed.read_bytes() == text
    assert f"saved: contracts/{committed.name}" in done.output
    assert "data contract: 0 errors and 0 warnings in 5,000 rows" in done.output
    assert "kept: a number for each category, year, month and days of dates" in done.output
    assert "likely leaks: none; key: listing_id" in done.output


def abalones(rows: int = 1_200) -> pd.DataFrame:
    """Rows like those of the Abalone data: no header, lengths, weights and rings."""
    random = np.random.default_rng(7)
    age = random.gamma(6, 1.6, rows).clip(1, 29).round()
    length = (0.8 * (1 - np.exp(-age / 6)) * random.normal(1, 0.06, rows)).clip(0.07).round(3)
    weight = (1.6 * length**3 * random.normal(1, 0.1, rows) + age / 100).clip(0.002).round(4)
    sex = np.where(age < 7, "I", random.choice(["M", "F"], rows))
    sizes = {"sex": sex, "length": length, "height": (length / 4).round(3)}
    return pd.DataFrame({**sizes, "weight": weight, "rings": age.astype(int)})


def test_own_data_gets_a_contract_of_its_own_once(bake_own: Bake, run: Run, tmp_path: Path) -> None:
    project = bake_own()
    before = {path.name for path in (project / "contracts").iterdir()}
    abalones().to_csv(project / "abalone.csv", index=False, header=False)
    own = {"input_data": "abalone.csv", "task": "abalone", "rows": 0}
    own["column_names"] = "sex,length,height,weight,rings"
    done = explore(run, project, **own)
    [saved] = {path.name for path in (project / "contracts").iterdir()} - before
    assert saved == "abalone.json" and "saved: contracts/abalone.json" in done.output

    path = project / "contracts" / saved
    text = path.read_text(encoding="utf-8")
    edited = text.replace('"type": "number"', '"type": "number",\n"unit": "mm"')
    path.write_text(edited, encoding="utf-8")
    again = explore(run, project, **own)
    assert path.read_text(encoding="utf-8") == edited, "a contract that is there is kept"
    assert "saved:" not in again.output
    columns = json.loads(edited)["columns"]
    assert columns["sex"]["categories"] == ["F", "I", "M"] and columns["length"]["unit"] == "mm"


def test_two_hundred_columns_take_seconds(bake_own: Bake, run: Run) -> None:
    project = bake_own()
    random = np.random.default_rng(7)
    wide = pd.DataFrame(random.normal(size=(600, 170)).round(4)).add_prefix("number ")
    for column in range(28):
        wide[f"[kind] <{column}>"] = random.choice(list("abcdef"), len(wide))
    wide["day"] = (np.datetime64("2022-01-01") + random.integers(0, 700, len(wide))).astype(str)
    wide["outcome"] = (3 * wide["number 1"] + random.normal(size=len(wide))).round(4)
    wide.to_csv(project / "wide.csv", index=False)
    done = explore(run, project, input_data="wide.csv")
    assert "columns: 199 used, 0 ignored; enough would be" in done.output
    assert done.executed.stat().st_size < 2_000_000, "plots are of the most telling columns only"
    assert (project / "contracts" / "wide.json").is_file()


# Tables as people have them


@pytest.fixture(scope="module")
def results(bake: Bake, run: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of each odd table: the cells run in one process, since a kernel takes seconds."""
    folder = tmp_path_factory.mktemp("tables")
    project = copied(bake(), folder)
    program = Path(__file__).with_name("explore_program.py")
    done = run([sys.executable, str(program), str(folder)], project)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads((folder / "results.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", TABLES)
def test_it_ends_and_saves_a_contract_on_every_table_that_trains(
    results: dict[str, Any], name: str
) -> None:
    found = results[name]
    assert "refused by 01" not in found and "refused by 03" not in found, found
    assert found["saved"]
    assert "data contract: 0 errors and 0 warnings" in found["said"], "the data keeps its contract"


@pytest.mark.parametrize("name", TABLES)
def test_exploring_first_never_makes_a_model_worse(results: dict[str, Any], name: str) -> None:
    found = results[name]
    assert found["after"] >= found["before"] - 0.02
    assert found["same test rows"], "a contract moves no test row into training"


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_pipeline_refuses_is_refused_in_the_same_sentence(
    results: dict[str, Any], name: str
) -> None:
    found = results[name]
    assert found["refused by 01"] == found["refused by 03"]
    assert found["refused by 01"].startswith("DataError: ") and not found["saved"]


def test_what_is_odd_is_told_in_words(results: dict[str, Any]) -> None:
    def said(name: str) -> str:
        return str(results[name]["said"])

    assert "no model does better than a constant" in said("noise")
    assert "a wrong unit in area would not be noticed by itself" in said("heavy tails")
    assert "missing where it says '?'" in said("a word for missing")
    assert "holds codes with leading zeros" in said("leading zeros")
    assert "read as spelled like 1.234,56" in said("decimal commas")


def test_the_contract_says_what_was_found_in_all_rows(results: dict[str, Any]) -> None:
    def columns(name: str) -> dict[str, dict[str, Any]]:
        return dict(results[name]["contract"]["columns"])

    late = columns("a column that begins late")["score"]
    assert late["role"] == "numeric" and late["missing_at_most"] > 0.5
    assert list(columns("a word for missing")["area"]["missing"]) == ["?"]
    # n/a means missing everywhere, so that only the other word is found.
    assert list(columns("several words for missing")["area"]["missing"]) == ["-"]
    assert columns("decimal commas")["area"]["spelling"] == "1234,56"
    assert columns("dates with the day first")["listed"]["spelling"] == "DD/MM/YYYY"
    assert columns("leading zeros")["zip"]["categories"] == ["01000", "02000", "53111"]
    assert columns("padded cells")["town"]["categories"] == ["Aachen", "Bonn", "Celle"]
    assert "categories" not in columns("250 categories")["town"]
    assert results["a column that begins late"]["before"] > 0.9
