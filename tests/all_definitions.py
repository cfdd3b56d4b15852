"""Builds the definition of every pipeline that notebook 03 can be asked for, in one process.

Run in the `notebooks` folder of a generated project: `all_definitions.py FILE`. A line of FILE is a
JSON object with the parameters, the definition, and what the local session's plan says of it.
"""

import json
import sys
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import nbformat

PROBLEMS = ("regression", "binary_classification", "multiclass_classification")
FAMILIES = ("xgboost", "linear", "both")
VALIDATIONS = ("holdout", "cross_validation", "backtest")
WIDE = ",".join(f"a_column_of_many_{number}" for number in range(1500))
BOUNDS = ",".join(f"quarter=of the town that is {number}:0.{number}" for number in range(1, 100))
# Lists that no command line could hold.
LISTS = {"column_names": WIDE, "drop": WIDE, "slices": WIDE, "slice_bound": BOUNDS}
ONCE, UNTIL = "data", "define"  # the cells before the first run once, those after the last never
SKIPPED = ("check-parameters",)  # it looks at a notebook's history


def asked() -> Iterator[dict[str, Any]]:
    """Parameters of each pipeline."""
    lists: tuple[dict[str, str], ...] = ({}, LISTS)
    for problem, family, validation, tune, more in product(
        PROBLEMS, FAMILIES, VALIDATIONS, (False, True), lists
    ):
        yield {
            "problem_type": problem,
            "model_family": family,
            "validation": validation,
            "split_date_column": "listed_on" if validation == "backtest" else "",
            "training_instance_count": 2 if more and family == "xgboost" else 1,
            "folds": 8 if more and problem == PROBLEMS[0] else 2,
            "tune": tune,
            "sample_rows": 200,
            **more,
        }


def cells(notebook: Path) -> list[tuple[str, Any]]:
    """Identity and code of the cells up to the one that defines the pipeline."""
    found = []
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code" and cell.id not in SKIPPED:
            found.append((cell.id, compile(cell.source, f"<{cell.id}>", "exec")))
        if cell.id == UNTIL:
            return found
    raise SystemExit(f"{notebook} has no cell {UNTIL}")


def run(code: list[tuple[str, Any]], names: dict[str, Any]) -> dict[str, Any]:
    """What cells leave behind, beside the names that were there before them."""
    left = dict(names)
    for _, compiled in code:
        exec(compiled, left)
    return left


def main() -> None:
    """Write a line for each definition."""
    code = cells(Path("03_training_pipeline.ipynb"))
    first = [identity for identity, _ in code].index(ONCE)
    opened = run(code[:first], {})
    from sagemaker.core import common_utils
    from sagemaker.mlops.workflow import pipeline, steps

    # The SDK reads the list of all endpoints for each image.
    vars(common_utils)["_botocore_resolver"] = cache(vars(common_utils)["_botocore_resolver"])
    # The SDK makes one, with its clients of boto3, for each step: to look up a function's name.
    steps.LocalSagemakerClient = cache(steps.LocalSagemakerClient)
    for name in ("stage", "upload"):  # scripts stay the same meanwhile
        setattr(opened["staging"], name, cache(getattr(opened["staging"], name)))
    # The notebook builds it twice to show that it comes out the same; notebooks that run do, too.
    pipeline.Pipeline.definition = cache(pipeline.Pipeline.definition)
    with Path(sys.argv[1]).open("w", encoding="utf-8") as file:
        for parameters in asked():
            names = run(code[first:], opened | parameters)
            plan = names["sagemaker_session"].plan(names["definition"])
            line = {
                "parameters": {k: v for k, v in parameters.items() if k not in LISTS},
                "lists": "slices" in parameters,
                "families": names["families"],
                "definition": names["definition"],
                "refusals": [str(each) for each in (*plan.refusals, *plan.doubts)],
            }
            file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
