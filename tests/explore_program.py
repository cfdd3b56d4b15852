"""Takes odd tables through notebook 01 and the scripts of the pipeline, all in one process.

    explore_program.py FOLDER

stands in a project, and writes FOLDER/results.json: by table, what notebook 01 printed, with which
sentence it or preprocessing refused the table, and how good a model is with the contract that it
proposes and without one.
"""

import ast
import contextlib
import io
import json
import os
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
from odd_tables import REFUSED, TABLES, OddTable

PROJECT = Path.cwd()
ROUNDS = 60


def cells() -> list[tuple[str, ast.Module]]:
    """The code cells of notebook 01."""
    notebook = json.loads((PROJECT / "notebooks/01_explore.ipynb").read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [(cell["id"], ast.parse("".join(cell["source"]))) for cell in code]


def show(value: Any) -> None:
    """Do with the value of a cell's last line what a notebook does to show it."""
    if hasattr(value, "savefig"):
        value.set_layout_engine("none")  # it draws all texts once more to know their sizes
        value.draw_without_rendering()  # as far as a name or a number could fail it
    elif hasattr(value, "to_html"):
        value.to_html()


def explore(code: list[tuple[str, ast.Module]], given: dict[str, Any]) -> None:
    """Run the cells with these parameters."""
    names: dict[str, Any] = {"__name__": "notebook"}
    for place, tree in code:
        *statements, last = tree.body or [ast.Pass()]
        value = last.value if isinstance(last, ast.Expr) else None
        body = statements if value else tree.body
        exec(compile(ast.Module(body, []), place, "exec"), names)
        if place == "parameters":
            names.update(given)
        elif value and place != "check-parameters":
            show(eval(compile(ast.Expression(value), place, "eval"), names))
    plt.close("all")


def trained(source: Path, given: dict[str, str], contract: str, folder: Path) -> float:
    """The primary metric on the test rows, as preprocess and train measure it."""
    import preprocess
    import train
    from tabular import metrics

    options = {"input": source, "output": folder, "contract": contract, **given}
    words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    preprocess.preprocess(preprocess.arguments(words))
    words = [f"--{name}={folder / name}" for name in ("train", "validation", "test", "schema")]
    words += [f"--model-dir={folder / 'model'}", f"--num-round={ROUNDS}"]
    train.train(train.arguments(words))
    measured = json.loads((folder / "model" / "fold_metrics.json").read_text(encoding="utf-8"))
    return float(measured["metrics"][metrics.PRIMARY[given["problem_type"]]])


def result(code: list[tuple[str, ast.Module]], name: str, table: OddTable, folder: Path) -> Any:
    """What came of a table."""
    source = table.write(folder, re.sub(r"\W+", "-", name))
    given = {"problem_type": "regression", **table.given}
    found: dict[str, Any] = {}
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            found["before"] = trained(source, given, "", folder / f"{source.stem}-before")
        except Exception as error:
            found["refused by 03"] = f"{type(error).__name__}: {error}"
        said.truncate(said.seek(0))
        try:
            explore(code, {"input_data": str(source), **given})
        except Exception as error:
            found["refused by 01"] = f"{type(error).__name__}: {error}"
        found["said"] = said.getvalue()
        contract = PROJECT / "contracts" / f"{source.stem}.json"
        found["saved"] = contract.is_file()
        if contract.is_file():
            found["contract"] = json.loads(contract.read_text(encoding="utf-8"))
            after = folder / f"{source.stem}-after"
            found["after"] = trained(source, given, str(contract), after)
            tests = [folder / f"{source.stem}-{when}/test/test.csv" for when in ("before", "after")]
            found["same test rows"] = tests[0].read_bytes() == tests[1].read_bytes()
    return found


def main() -> None:
    matplotlib.use("svg")
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(PROJECT / "runtime"))
    os.environ["OMP_NUM_THREADS"] = "1"
    folder, code = Path(sys.argv[1]), cells()
    results = {
        name: result(code, name, table, folder) for name, table in (TABLES | REFUSED).items()
    }
    (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")


if __name__ == "__main__":
    main()
