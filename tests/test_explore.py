"""Notebook 01 on all kinds of data: the sample's three targets, own data, many columns."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Bake, Run
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
