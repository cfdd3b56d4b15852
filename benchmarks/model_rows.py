"""Training, evaluating and answering a million rows, against bare programs of pandas and XGBoost.

    python benchmarks/model_rows.py <a generated project> [--rows 1000000]

The bare program of training reads both splits by pandas, one-hot encodes them by pandas, and calls
`xgboost.train` with the project's parameters and the same validation. Those of evaluating and
answering decode, encode and predict, and nothing else: no metrics, no data contract, no text of an
answer. `train.py` also scores the validation split by its artifact; `evaluate.py` is measured
without champion and permutation. What both sides import is left out of all but the first line.
All run in turns, and the better of some runs counts. On a machine that others use, compare seconds
of processors, with `--threads 1`: threads of XGBoost that wait for one another use them, too.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from preprocess_rows import Measured, preprocess, run, sample

# What the bare programs share: reading and encoding a table, by the columns of a schema.
ENCODE = """
import io, json, sys, time
from pathlib import Path
import pandas as pd, xgboost

data, model = Path(sys.argv[1]), Path(sys.argv[2])
schema = json.loads((data / "schema" / "schema.json").read_text())

def encoded(source, known=None):
    frame = pd.read_csv(source)
    for column in schema["columns"]:
        if column["role"] == "date":
            day = pd.to_datetime(frame.pop(column["name"]))
            since = (day - pd.Timestamp("2000-01-01")).dt.days
            for part, values in (("y", day.dt.year), ("m", day.dt.month), ("d", since)):
                frame[f"{column['name']}.{part}"] = values
    target = frame.pop(schema["target"]) if schema["target"] in frame else None
    words = [c["name"] for c in schema["columns"] if c["role"] == "categorical"]
    numbers = pd.get_dummies(frame, columns=words)
    if known is not None:
        numbers = numbers.reindex(columns=known, fill_value=False)
    return numbers, target
"""
BARE = {
    "train": ENCODE
    + """
train, price = encoded(data / "train" / "train.csv")
validation, truth = encoded(data / "validation" / "validation.csv", train.columns)
parameters = {"objective": "reg:squarederror", "max_depth": 4, "eta": 0.1, "subsample": 0.8,
              "min_child_weight": 5.0, "seed": 7}
booster = xgboost.train(parameters, xgboost.DMatrix(train, price), 400,
                        evals=[(xgboost.DMatrix(validation, truth), "validation")],
                        early_stopping_rounds=25, verbose_eval=False)
booster.save_model(model / "bare.ubj")
(model / "columns.json").write_text(json.dumps(list(train.columns)))
""",
    "evaluate": ENCODE
    + """
known = json.loads((model / "columns.json").read_text())
booster = xgboost.Booster(model_file=model / "bare.ubj")
started = time.process_time(), time.perf_counter()
numbers, _ = encoded(data / "test" / "test.csv", known)
booster.predict(xgboost.DMatrix(numbers))
print(time.process_time() - started[0], time.perf_counter() - started[1])
""",
    "answer": ENCODE
    + """
known = json.loads((model / "columns.json").read_text())
booster = xgboost.Booster(model_file=model / "bare.ubj")
bodies = [path.read_bytes() for path in sorted((data / "bodies").iterdir())]
started = time.process_time(), time.perf_counter()
for body in bodies:
    numbers, _ = encoded(io.BytesIO(body), known)
    booster.predict(xgboost.DMatrix(numbers))
print(time.process_time() - started[0], time.perf_counter() - started[1])
""",
}
OURS = {
    "evaluate": """
import sys, time
import evaluate, inference, pyarrow.csv, pyarrow.compute, xgboost
from tabular import importance
data, model = sys.argv[1:3]
importance.by_column = lambda *_: {}
started = time.process_time(), time.perf_counter()
evaluate.main([f"--test={data}/test", f"--schema={data}/schema", f"--model={model}",
               f"--output={model}-evaluation"])
print(time.process_time() - started[0], time.perf_counter() - started[1])
""",
    "answer": """
import sys, time
from pathlib import Path
import inference, pandas, pyarrow.csv, pyarrow.compute, xgboost
data, model = Path(sys.argv[1]), inference.model_fn(sys.argv[2])
bodies = [path.read_bytes() for path in sorted((data / "bodies").iterdir())]
inference.predict_fn(inference.input_fn(bodies[0][:500].rpartition(b"\\n")[0], "text/csv"), model)
started = time.process_time(), time.perf_counter()
for body in bodies:
    records = inference.input_fn(body, "text/csv")
    inference.output_fn(inference.predict_fn(records, model), "text/csv")
print(time.process_time() - started[0], time.perf_counter() - started[1])
""",
}
BODY = 6 << 20  # bytes of a batch job's request


def write_bodies(data: Path) -> None:
    """The test rows as a batch job's requests: CSV with a header, without the answer."""
    import pandas as pd

    schema = json.loads((data / "schema" / "schema.json").read_text(encoding="utf-8"))
    names = [column["name"] for column in schema["columns"]]
    frame = pd.read_csv(data / "test" / "test.csv", dtype=str, usecols=names)[names]
    rows = max(1, BODY // (len(frame.head(1000).to_csv(index=False)) // min(1000, len(frame))))
    (data / "bodies").mkdir()
    for number, start in enumerate(range(0, len(frame), rows)):
        frame[start : start + rows].to_csv(data / "bodies" / f"{number:04}.csv", index=False)


def timed(code: str, project: Path, *arguments: Path) -> Measured:
    """A program that prints its seconds of processors and of the clock, last of all."""
    output = arguments[1].parent / "output.txt"
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, 'runtime')\n{code}"]
    with output.open("w") as file:
        whole = run([*command, *map(str, arguments)], project, file)
    processor, seconds = map(float, output.read_text().splitlines()[-1].split())
    return Measured(seconds, processor, whole.memory)


def measure(project: Path, folder: Path, rows: int, repeat: int) -> dict[str, list[Measured]]:
    """Each work with the best of the bare program's runs, and of ours."""
    data, model, bare = folder / "data", folder / "model", folder / "bare"
    bare.mkdir()
    preprocess(project, sample(project, folder, rows), data, "--problem-type=regression")
    write_bodies(data)
    channels = [f"--{name}={data / name}" for name in ("train", "validation", "schema")]
    train = [sys.executable, str(project / "runtime" / "train.py"), *channels]
    found: dict[str, tuple[list[Measured], list[Measured]]] = {}
    for _ in range(repeat):
        command = [sys.executable, "-c", BARE["train"], str(data), str(bare)]
        sides = found.setdefault("train", ([], []))
        sides[0].append(run(command, project))
        sides[1].append(run([*train, f"--model-dir={model}"], project))
        for work in ("evaluate", "answer"):
            sides = found.setdefault(work, ([], []))
            sides[0].append(timed(BARE[work], project, data, bare))
            sides[1].append(timed(OURS[work], project, data, model))
    return {
        work: [min(side, key=lambda each: each.processor) for side in sides]
        for work, sides in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("project", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--threads", type=int, default=0, help="of XGBoost; 0: all")
    options = parser.parse_args()
    if options.threads:
        os.environ["OMP_NUM_THREADS"] = str(options.threads)
    with tempfile.TemporaryDirectory() as name:
        measured = measure(options.project.resolve(), Path(name), options.rows, options.repeat)
    for work, (bare, ours) in measured.items():
        for side, each in (("bare", bare), ("project", ours)):
            print(
                f"{work:<9} {side:<8} {each.seconds:7.2f} s ({each.seconds / bare.seconds:.2f}), "
                f"{each.processor:7.2f} s of processors ({each.processor / bare.processor:.2f}), "
                f"{each.memory:6.0f} MB ({each.memory / bare.memory:.2f})"
            )


if __name__ == "__main__":
    main()
