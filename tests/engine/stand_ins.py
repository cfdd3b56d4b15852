"""Small scripts and files at the URIs that a definition by somebody else names.

With them its steps run: a processing script writes something to each of its outputs and every
property file, a training script leaves a model that answers, and data is a table of two rows.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

from sagemaker_local.definition import Definition, Step, parse
from sagemaker_local.expressions import function_of, parse_path, parse_reference

from engine.definitions import Json
from engine.local import Local

TABLE = "1,2\n3,4\n"

PROCESSING = """
import json
from pathlib import Path

FILES = json.loads({files!r})
ml = next(folder for folder in Path(__file__).resolve().parents if (folder / "config").is_dir())
job = json.loads((ml / "config" / "processingjobconfig.json").read_text())
for output in job.get("ProcessingOutputConfig", {{}}).get("Outputs", []):
    folder = Path(str(ml) + output["S3Output"]["LocalPath"].removeprefix("/opt/ml"))
    (folder / "table.csv").write_text({table!r})
    for name, document in FILES.get(output["OutputName"], {{}}).items():
        (folder / name).write_text(json.dumps(document))
"""

TRAINING = """
import os, shutil, sys
from pathlib import Path

model = Path(os.environ["SM_MODEL_DIR"])
(model / "weights.txt").write_text("1 2 3")
(model / "code").mkdir(exist_ok=True)
shutil.copy(Path(__file__).with_name("inference.py"), model / "code")
score = sum(len(word) for word in sys.argv)
print(f"score: {score}; rmse: {score}; mse: {score}; loss: {score}; accuracy: {score}")
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
    return prediction
"""


def functions(text: str) -> dict[str, Any]:
    """A Python function for each Lambda function that a definition names."""
    steps = parse(text).steps.values()
    return {step.function: answering(step.function_outputs) for step in steps if step.function}


def answering(outputs: tuple[str, ...]) -> Any:
    return lambda event, context: dict.fromkeys(outputs, "done")


def prepare(local: Local, text: str, passes: bool) -> None:
    """Put everything in place that a definition reads.

    Args:
        local: the engine.
        text: the definition.
        passes: whether the values in property files make conditions true.
    """
    definition = parse(text)
    values = property_values(definition, passes)
    for step in definition.steps.values():
        if step.type == "Processing":
            _prepare_processing(local, definition, step, values.get(step.name, {}))
        elif step.type in ("Training", "Tuning"):
            _prepare_training(local, definition, step)
        elif step.type == "Transform":
            source = step.arguments["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
            _put(local, _known(definition, source), TABLE)


def _prepare_processing(
    local: Local, definition: Definition, step: Step, files: dict[str, Json]
) -> None:
    script = PROCESSING.format(files=json.dumps(files), table=TABLE)
    for item in step.arguments.get("ProcessingInputs", []):
        uri = _known(definition, item["S3Input"]["S3Uri"])
        _put(local, uri, script if uri and uri.endswith(".py") else TABLE)


def _prepare_training(local: Local, definition: Definition, step: Step) -> None:
    job = step.arguments.get("TrainingJobDefinition", step.arguments)
    given = job.get("HyperParameters", job.get("StaticHyperParameters", {}))
    archive = given.get("sagemaker_submit_directory", "")
    if isinstance(archive, str) and archive:
        program = str(given["sagemaker_program"]).strip('"')
        files = {program: TRAINING, "inference.py": INFERENCE}
        _put(local, archive.strip('"'), _tar(files))
    for channel in job.get("InputDataConfig", []):
        uri = _known(definition, channel["DataSource"]["S3DataSource"]["S3Uri"])
        _put(local, uri, TABLE)


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
    *parents, last = parse_path(json_get["Path"])
    for part in parents:
        current = current.setdefault(part, {})
    current[last] = value


def missing_parameters(definition: Definition) -> Iterator[str]:
    """Names of the parameters that have no default."""
    for name, parameter in definition.parameters.items():
        if parameter.default is None:
            yield name
