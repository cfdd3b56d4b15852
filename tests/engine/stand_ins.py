"""Small scripts and files at the URIs that a definition by somebody else names.

With them its steps run: a processing script writes something to each of its outputs and every
property file, a training script leaves a model that answers, and data is a table of two rows. They
name literal paths, as their authors' scripts do.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

from sagemaker_local.definition.document import Definition, Step, parse
from sagemaker_local.definition.expressions import function_of, parse_json_path, parse_reference
from sagemaker_local.jobs import algorithm
from sagemaker_local.steps.functions import Output, outputs_of

from engine.definitions import Json
from engine.local import Local

# Lines that are CSV and JSON at once.
TABLE = "1\n3\n"
# What the built-in XGBoost takes: the label first, and what a model of it is asked about.
LABELED = "1,3,2\n0,1,4\n"
RECORDS = "3,2\n1,4\n"

_OUTPUTS = ("ProcessingOutputConfig", "Outputs")

PROCESSING = """
import json
from pathlib import Path

FILES, TABLES = json.loads({files!r}), json.loads({tables!r})
ml = Path("/opt/ml")
job = json.loads((ml / "config" / "processingjobconfig.json").read_text())
(ml / "output" / "message").write_text("what a job says of itself")
for output in job.get("ProcessingOutputConfig", {{}}).get("Outputs", []):
    folder = ml / output["S3Output"]["LocalPath"].partition("/ml/")[2]
    for name in [f"{{output['OutputName']}}.csv", *TABLES.get(output["OutputName"], [])]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text({table!r})
    for name, document in FILES.get(output["OutputName"], {{}}).items():
        (folder / name).write_text(json.dumps(document))
"""

TRAINING = """
import os, shutil, sys
from pathlib import Path

model = Path("/opt/ml/model")
(model / "weights.txt").write_text("1 2 3")
(model / "code").mkdir(exist_ok=True)
shutil.copy(Path(__file__).with_name("inference.py"), model / "code")
score = sum(len(word) for word in sys.argv)
print(f"score: {score}; rmse: {score}; mse: {score}; loss: {score}; accuracy: {score}")
print(f"validation:r2={score}")
print(f"[{score}]#011train-rmse:{score}#011validation-rmse:{score}")
"""

INFERENCE = """
def model_fn(model_dir):
    return open(f"{model_dir}/weights.txt").read()

def input_fn(body, content_type):
    return body

def predict_fn(data, model):
    return data

def output_fn(prediction, accept):
    return prediction if accept == "text/csv" else b"1\\n" * len(prediction.split())
"""


def functions(text: str) -> dict[str, Any]:
    """A Python function for each Lambda function that a definition names."""
    steps = parse(text).steps.values()
    called = [step for step in steps if step.type == "Lambda"]
    return {step.members["FunctionArn"]: answering(outputs_of(step)) for step in called}


def answering(outputs: tuple[Output, ...]) -> Any:
    return lambda event, context: {output.name: "done" for output in outputs}


def prepare(local: Local, text: str, passes: bool) -> None:
    """Put everything in place that a definition reads.

    Args:
        local: the engine.
        text: the definition.
        passes: whether the values in property files make conditions true.
    """
    definition = parse(text)
    values = property_values(definition, passes)
    tables = wanted_below(definition)
    built_in = any(_is_built_in(step) for step in definition.steps.values())
    table = LABELED if built_in else TABLE
    for step in definition.steps.values():
        if step.type == "Processing":
            files = values.get(step.name, {})
            wanted = tables.get(step.name, {})
            _prepare_processing(local, definition, step, files, wanted, table)
        elif step.type in ("Training", "Tuning"):
            _prepare_training(local, definition, step, table)
        elif step.type == "Transform":
            source = step.arguments["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
            _put(local, _known(definition, source), RECORDS if built_in else TABLE)


def _prepare_processing(
    local: Local,
    definition: Definition,
    step: Step,
    files: dict[str, Json],
    tables: dict[str, list[str]],
    table: str,
) -> None:
    named = {"files": json.dumps(files), "tables": json.dumps(tables), "table": table}
    script = PROCESSING.format(**named)
    for item in step.arguments.get("ProcessingInputs", []):
        uri = _known(definition, item["S3Input"]["S3Uri"]) or ""
        entry = step.arguments["AppSpecification"]["ContainerEntrypoint"][-1]
        if uri.endswith(".py"):
            _put(local, uri, script)
        elif uri.endswith("runproc.sh"):
            _put(local, uri, 'python3 script.py "$@"\n')
        elif uri.endswith("sourcedir.tar.gz"):
            _put(local, uri, _tar({"script.py": script}))
        elif item["InputName"] == "code":
            _put(local, f"{uri}/{entry.rsplit('/', 1)[-1]}", script)
        elif uri:
            _put(local, uri, table)


def _is_built_in(step: Step) -> bool:
    """Does a step train by an algorithm, and without a script?"""
    job = step.arguments.get("TrainingJobDefinition", step.arguments)
    settings = job.get("HyperParameters", job.get("StaticHyperParameters", {}))
    return algorithm.without_script(job, settings) is not None


def _prepare_training(local: Local, definition: Definition, step: Step, table: str) -> None:
    job = step.arguments.get("TrainingJobDefinition", step.arguments)
    given = job.get("HyperParameters", job.get("StaticHyperParameters", {}))
    archive = given.get("sagemaker_submit_directory", "")
    if isinstance(archive, str) and archive:
        program = str(_known(definition, given["sagemaker_program"])).strip('"')
        files = {program: TRAINING, "inference.py": INFERENCE}
        _put(local, archive.strip('"'), _tar(files))
    for channel in job.get("InputDataConfig", []):
        uri = _known(definition, channel["DataSource"]["S3DataSource"]["S3Uri"])
        if uri and channel["ChannelName"] == "code":
            _put(local, f"{uri}/train.py", TRAINING)
            _put(local, f"{uri}/inference.py", INFERENCE)
        elif uri and channel["ChannelName"] == "sm_drivers":
            _put(local, f"{uri}/sourcecode.json", json.dumps({"entry_script": "train.py"}))
        else:
            _put(local, uri, table)


def _put(local: Local, uri: str | None, body: str | bytes) -> None:
    """Create an object, or one below a prefix, unless something is there."""
    if uri is None:
        return
    path = local.bucket.path(uri)
    if path.exists():
        return
    target = uri if "." in uri.rsplit("/", 1)[-1] else f"{uri.rstrip('/')}/table.csv"
    local.bucket.write(target, body.encode() if isinstance(body, str) else body)


def _known(definition: Definition, value: Any) -> str | None:
    """A URI that is known before anything runs; None for one that a step makes."""
    if isinstance(value, str):
        return value
    if function_of(value) == "Get":
        reference = parse_reference(value["Get"])
        if reference.root == "Parameters":
            return str(definition.parameters[reference.name].default)
        return None
    if function_of(value) == "Std:Join":
        join = value["Std:Join"]
        parts = [_known(definition, part) for part in join["Values"]]
        known = [part for part in parts if part is not None]
        return join["On"].join(known) if len(known) == len(parts) else None
    return None


def _tar(files: dict[str, str]) -> bytes:
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return body.getvalue()


def wanted_below(definition: Definition) -> dict[str, dict[str, list[str]]]:
    """Files and folders that steps want below outputs of others: ``{step: {output: [path]}}``."""
    found: dict[str, dict[str, list[str]]] = {}
    for step in definition.steps.values():
        for source, tail in _joined(step.arguments):
            reference = parse_reference(source["Get"])
            if reference.root == "Steps" and reference.path[:2] == _OUTPUTS:
                path = tail if "." in tail.rsplit("/", 1)[-1] else f"{tail}/table.csv"
                of_step = found.setdefault(reference.name, {})
                of_step.setdefault(str(reference.path[2]), []).append(path)
    return found


def _joined(value: Any) -> Iterator[tuple[Json, str]]:
    """Every ``<reference>/<literal path>`` in a step's arguments."""
    parts = _flat(value)
    if len(parts) > 1 and isinstance(parts[0], dict) and all(isinstance(p, str) for p in parts[1:]):
        yield parts[0], "/".join(map(str, parts[1:]))
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _joined(item)


def _flat(value: Any) -> list[Any]:
    """The parts of a path that is joined by slashes, one join inside another or not."""
    if function_of(value) == "Std:Join" and value["Std:Join"]["On"] == "/":
        return [part for item in value["Std:Join"]["Values"] for part in _flat(item)]
    return [value] if isinstance(value, str) or function_of(value) == "Get" else []


def property_values(definition: Definition, passes: bool) -> dict[str, dict[str, Json]]:
    """Documents for property files, by step, output and file, that decide the conditions.

    Returns:
        ``{step: {output: {file: document}}}``.
    """
    found: dict[str, dict[str, Json]] = {}
    for step in definition.steps.values():
        for condition in step.arguments.get("Conditions", []):
            for side, other in (("LeftValue", "RightValue"), ("RightValue", "LeftValue")):
                value = condition.get(side)
                if function_of(value) == "Std:JsonGet" and "PropertyFile" in value["Std:JsonGet"]:
                    limit = _limit(definition, condition.get(other))
                    number = _number(condition["Type"], limit, side == "LeftValue", passes)
                    _set(definition, found, value["Std:JsonGet"], number)
    return found


def _limit(definition: Definition, value: Any) -> Any:
    known = _known(definition, value) if not isinstance(value, int | float) else value
    try:
        return float(known)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return known


def _number(kind: str, limit: Any, left: bool, passes: bool) -> Any:
    """A value that makes the comparison with ``limit`` hold, or not."""
    if kind == "Equals" or not isinstance(limit, float):
        return limit if passes else "other"
    wants_more = kind.startswith("Greater") is left
    return limit + (1.0 if wants_more is passes else -1.0)


def _set(
    definition: Definition, found: dict[str, dict[str, Json]], json_get: Json, value: Any
) -> None:
    reference = parse_reference(json_get["PropertyFile"]["Get"])
    file = definition.steps[reference.name].property_file(str(reference.path[-1]))
    assert file is not None
    document = found.setdefault(reference.name, {}).setdefault(file.output_name, {})
    current = document.setdefault(file.path, {})
    *parents, last = parse_json_path(json_get["Path"])
    for part in parents:
        current = current.setdefault(part, {})
    current[last] = value


def missing_parameters(definition: Definition) -> Iterator[str]:
    """Names of the parameters that have no default."""
    for name, parameter in definition.parameters.items():
        if parameter.default is None:
            yield name
