"""Definitions with everything that is run, and one value at a time changed in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sagemaker_local.definition.document import parse
from sagemaker_local.planning.checks import check

from engine.definitions import (
    Json,
    artifacts_of,
    compare,
    condition,
    definition,
    fail,
    get,
    join,
    json_get,
    model,
    output_of,
    parameter,
    processing,
    register,
    training,
)

CODE = "s3://sagemaker-local/code"
SCRIPT = {"code": CODE, "sm_drivers": "s3://sagemaker-local/drivers"}


def problems(*steps: Json, parameters: Any = ()) -> list[str]:
    return [str(problem) for problem in check(parse(definition(*steps, parameters=parameters)))]


def changed(item: Json, path: str, value: Any) -> Json:
    """A step with another value at a path in its arguments, such as ``A.B.0``."""
    copied: Json = json.loads(json.dumps(item))
    *parents, last = path.split(".")
    current: Any = copied["Arguments"]
    for part in parents:
        current = current[int(part) if part.isdigit() else part]
    current[int(last) if last.isdigit() else last] = value
    return copied


def whole() -> list[Json]:
    """A pipeline with everything that is run."""
    gate = compare("GreaterThanOrEqualTo", json_get("Evaluate", "Eval", "gate.value"), 0.5)
    other = {
        "Type": "Not",
        "Condition": {
            "Type": "Or",
            "Conditions": [
                {"Type": "In", "QueryValue": get("Parameters.Status"), "Values": ["x"]},
                compare("Equals", get("Execution.PipelineName"), "none"),
            ],
        },
    }
    return [
        processing(
            "Prepare",
            CODE,
            inputs={"data": get("Parameters.Data")},
            outputs=["train"],
            arguments=["--rows", join("", get("Parameters.Rows"))],
            environment={"MODE": get("Parameters.Status")},
            CacheConfig={"Enabled": True},
        ),
        training(
            "Train",
            {"train": output_of("Prepare", "train"), **SCRIPT},
            hyperparameters={"eta": "0.1", "depth": join("", get("Parameters.Rows"))},
            metrics={"rmse": "rmse=(.*)"},
        ),
        processing(
            "Evaluate",
            CODE,
            inputs={"model": artifacts_of("Train")},
            outputs=["report"],
            files={"Eval": ("report", "evaluation.json")},
        ),
        condition(
            "Gate",
            [gate, other],
            [
                model("Model", artifacts_of("Train")),
                register("Register", "group", artifacts_of("Train")),
            ],
            [fail("Missed", join("", "it is ", json_get("Evaluate", "Eval", "gate.value")))],
        ),
        processing(
            "After",
            CODE,
            arguments=[
                join("", get("Steps.Gate.Outcome")),
                join("", get("Steps.Train.FinalMetricDataList[0].Value")),
            ],
            DependsOn=["Register"],
        ),
    ]


PARAMETERS = [
    parameter("Data", "String", "s3://b/data"),
    parameter("Rows", "Integer", 5),
    parameter("Status", "String", "on"),
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of everything in a JSON document."""
    yield path
    items: Any = value.items() if isinstance(value, dict) else ()
    for key, item in enumerate(value) if isinstance(value, list) else items:
        yield from places(item, (*path, key))


def put(document: Any, path: tuple[Any, ...], value: Any) -> None:
    for part in path[:-1]:
        document = document[part]
    document[path[-1]] = value
