"""A few test records with a model's answers, which whatever serves it later has to give, too."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .artifact import Artifact
from .records import Record

FILE = "known_records.json"
MOST = 5


def known(artifact: Artifact, records: Sequence[Record]) -> dict[str, Any]:
    """Some of the records, without their target, and what the artifact's own code predicts.

    They are asked as a server asks, under the model's data contract; what that refuses is left out.
    """
    columns = [column["name"] for column in artifact.signature["columns"]]
    rows: list[Mapping[str, Any]] = []
    predictions: list[Any] = []
    for record in records:
        if len(rows) == MOST:
            break
        row = {name: record[name] for name in columns}
        try:
            with artifact.code.in_place():
                (prediction,) = artifact.inference.predict_fn([row], artifact.model)
        except ValueError:  # the artifact's own DataError is another class than ours
            continue
        rows.append(row)
        predictions.append(json.loads(json.dumps(prediction)))
    return {"records": rows, "predictions": predictions}
