"""Requests to a project's model as an endpoint would have captured them, without an endpoint.

`python captures.py '{"model": ..., "folder": ..., "rows": ..., "seed": ..., "time": ...}'` runs in a
project: listings of that seed, the answers of the model in that archive, one request for each row,
with the inference ids `<seed>-<row>`. It prints the truth as a table of id,label.
"""

import json
import sys
import tarfile
import tempfile
from datetime import datetime
from pathlib import Path


def main() -> None:
    """See the module."""
    from used_car_prices import paths, sample_data, settings  # type: ignore[import-not-found]

    asked = json.loads(sys.argv[1])
    paths.make_runtime_importable()
    target = sample_data.TARGETS[settings.PROBLEM_TYPE]
    (table,) = sample_data.listings(asked["rows"], asked["seed"])
    text = table.astype(object).where(table.notna(), None)
    records = [
        {name: None if value is None else str(value) for name, value in row.items()}
        for row in text.to_dict("records")
    ]
    truth = [record.pop(target) for record in records]
    for record in records:
        record.update(
            {
                name: value
                for name, value in asked.get("set", {}).items()
                if record.get(name) is not None
            }
        )
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(asked["model"]) as archive:
            archive.extractall(folder)  # noqa: S202
        sys.path.insert(0, str(Path(folder, "code")))
        import inference  # type: ignore[import-not-found]

        model = inference.model_fn(folder)
        signature = json.loads(Path(folder, "signature.json").read_text(encoding="utf-8"))
        wanted = [column["name"] for column in signature["columns"]]
        records = [{name: record[name] for name in wanted} for record in records]
        answers = inference.output_fn(inference.predict_fn(records, model), "application/json")
    moment = datetime.fromisoformat(asked["time"])
    hour = Path(asked["folder"], f"{moment:%Y/%m/%d/%H}")
    hour.mkdir(parents=True, exist_ok=True)
    side = {"observedContentType": "application/json", "encoding": "JSON"}
    with (hour / f"{moment:%M-%S}-000-{asked['seed']}.jsonl").open("w") as file:
        given = json.loads(answers[0])["predictions"]
        for row, (record, answer) in enumerate(zip(records, given, strict=True)):
            data = {
                "endpointInput": {**side, "mode": "INPUT", "data": json.dumps(record)},
                "endpointOutput": {
                    **side,
                    "mode": "OUTPUT",
                    "data": json.dumps({"predictions": [answer]}),
                },
            }
            about = {
                "eventId": f"e{asked['seed']}-{row}",
                "inferenceId": f"{asked['seed']}-{row}",
                "inferenceTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            }
            line = {"captureData": data, "eventMetadata": about, "eventVersion": "0"}
            file.write(json.dumps(line) + "\n")
    print("id,label")
    for row, label in enumerate(truth):
        print(f"{asked['seed']}-{row},{label}")


if __name__ == "__main__":
    main()
