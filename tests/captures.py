"""Requests to a project's model as an endpoint would have captured them, without an endpoint.

`python captures.py '{...}'` runs in a project, with the members of `Asked`. It prints what turned
out to be true of the requests, a table of id,label; their inference ids are `<seed>-<row>`.
"""

import json
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from projects import LocalState, Run

ENDPOINT = "used-car-prices-xgboost"
# What is captured has to be of these two days: the bookmark takes older hours for done.
YESTERDAY = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
JSON = {"observedContentType": "application/json", "encoding": "JSON"}


@dataclass(frozen=True)
class Asked:
    """What to capture.

    Attributes:
        model: a model.tar.gz.
        folder: for captured files, of one variant.
        seed: of the sample data.
        time: of the requests, ISO 8601 in UTC.
        rows: of sample data, a request for each.
        shifted: a column of the sample data that moves, by all it can; empty: none.
    """

    model: str
    folder: str
    seed: int
    time: str
    rows: int = 500
    shifted: str = ""


def listings(asked: Asked) -> tuple[list[dict[str, str]], list[str]]:
    """Records as clients send them, and the truth."""
    from used_car_prices import sample_data, settings

    target = sample_data.TARGETS[settings.PROBLEM_TYPE]
    moved = {"shift": 1.0, "shifted_columns": [asked.shifted]} if asked.shifted else {}
    table = pd.concat(sample_data.listings(asked.rows, asked.seed, **moved))
    texts = table.astype(str).where(table.notna(), "")
    dates = table.select_dtypes("datetime").columns
    texts[dates] = table[dates].apply(lambda column: column.dt.strftime("%Y-%m-%d"))
    return texts.drop(columns=target).to_dict("records"), texts[target].tolist()


def answers(model: str, records: list[dict[str, str]]) -> list[Any]:
    """What the model's own code says of them; other columns than its own are taken away."""
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(model) as archive:
            archive.extractall(folder)
        sys.path.insert(0, str(Path(folder, "code")))
        import inference

        signature = json.loads(Path(folder, "signature.json").read_text(encoding="utf-8"))
        for record in records:
            for name in record.keys() - {column["name"] for column in signature["columns"]}:
                del record[name]
        said = inference.predict_fn(records, inference.model_fn(folder))
        body = inference.output_fn(said, "application/json")[0]
    return list(json.loads(body)["predictions"])


def lines(asked: Asked, records: list[dict[str, str]], said: list[Any]) -> Iterator[str]:
    """A line for each request."""
    for row, (record, answer) in enumerate(zip(records, said, strict=True)):
        data = {
            "endpointInput": {**JSON, "mode": "INPUT", "data": json.dumps(record)},
            "endpointOutput": {**JSON, "mode": "OUTPUT", "data": json.dumps(answer)},
        }
        name = f"{asked.seed}-{row}"
        about = {"eventId": f"event-{name}", "inferenceId": name, "inferenceTime": f"{asked.time}Z"}
        line = {"captureData": data, "eventMetadata": about, "eventVersion": "0"}
        yield json.dumps(line) + "\n"


def ask(run: Run, project: Path, place: str, seed: int, time: str, **more: Any) -> Path:
    """Have an endpoint of a project be asked; gives the file with what turned out to be true.

    Args:
        run: of the fixtures.
        project: with a registered model, which answers.
        place: of the session in the local bucket, ``<bucket>/<prefix>``.
        seed: see ``Asked``, as what follows.
        time: of the requests.
        more: rows, shifted.
    """
    state = LocalState(project)
    uri = state.packages()[0]["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    folder = state.path(f"{place}/captures/{ENDPOINT}/AllTraffic")
    asked = Asked(str(state.path(uri)), str(folder), seed, time, **more)
    ended = run([sys.executable, __file__, json.dumps(asdict(asked))], project)
    assert ended.returncode == 0, ended.stderr
    file = project / f"labels-{seed}.csv"
    file.write_text(ended.stdout, encoding="utf-8")
    return file


def main() -> None:
    """See the module."""
    asked = Asked(**json.loads(sys.argv[1]))
    records, truth = listings(asked)
    said = answers(asked.model, records)
    moment = datetime.fromisoformat(asked.time)
    hour = Path(asked.folder, f"{moment:%Y/%m/%d/%H}")
    hour.mkdir(parents=True, exist_ok=True)
    name = f"{moment:%M-%S}-000-{asked.seed}.jsonl"
    (hour / name).write_text("".join(lines(asked, records, said)), encoding="utf-8")
    print("id,label")
    for row, label in enumerate(truth):
        print(f"{asked.seed}-{row},{label}")


if __name__ == "__main__":
    main()
