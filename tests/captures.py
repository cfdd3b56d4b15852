"""Requests to a project's model as an endpoint would have captured them, without an endpoint.

`python captures.py '{...}'` runs in a project, with the members of `Asked`. It prints what turned
out to be true of the requests, a table of id,label; their inference ids are `<seed>-<row>`.
"""

import json
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

JSON = {"observedContentType": "application/json", "encoding": "JSON"}


@dataclass(frozen=True)
class Asked:
    """What to capture.

    Attributes:
        model: a model.tar.gz.
        folder: for captured files, of one variant.
        rows: of sample data, a request for each.
        seed: of the sample data.
        time: of the requests, ISO 8601 in UTC.
        shifted: a column of the sample data that moves, by all it can; empty: none.
    """

    model: str
    folder: str
    rows: int
    seed: int
    time: str
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
