"""How the engine's own time grows: long plans, many steps, an unchanged pipeline, a large input.

    python benchmarks/engine_scale.py

Scripts here do nothing, so that what is measured is the engine. Times per step should stay level
from 10 steps to 1,000; an unchanged input should cost the same whatever its size.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import template  # noqa: F401 - which makes the engine importable
from sagemaker_local import LocalSession

Json = dict[str, Any]

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
PROCESSING = "/opt/ml/processing"
STEPS = 2000
PLANNED = 1000  # processing steps: about what a definition of 1 MB, the largest, has room for
# What each step of a real pipeline imports; here it is compared, and not imported.
LIBRARIES = {"Prepare": "pandas", "Train": "xgboost", "Evaluate": "sklearn, pandas"}


def definition(steps: Iterable[Json]) -> str:
    document = {"Version": "2020-12-01", "Metadata": {}, "Parameters": [], "Steps": list(steps)}
    return json.dumps(document)


def processing(name: str, code: str, data: Any = None, cached: bool = False) -> Json:
    """A step that runs ``script.py`` of the code prefix; its output is ``o``."""
    execution = {"Get": "Execution.PipelineExecutionId"}
    target = {"Std:Join": {"On": "/", "Values": ["s3:/", "sagemaker-local", execution, name]}}
    inputs = [_input("code", code)] + ([_input("data", data)] if data else [])
    output = {"S3Uri": target, "LocalPath": f"{PROCESSING}/output", "S3UploadMode": "EndOfJob"}
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}
    arguments = {
        "ProcessingResources": {"ClusterConfig": cluster},
        "AppSpecification": {
            "ImageUri": IMAGE,
            "ContainerEntrypoint": ["python3", f"{PROCESSING}/input/code/script.py"],
        },
        "RoleArn": "arn:aws:iam::000000000000:role/sagemaker-local",
        "ProcessingInputs": inputs,
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "o", "S3Output": output}]},
    }
    caching = {"CacheConfig": {"Enabled": True}} if cached else {}
    return {"Name": name, "Type": "Processing", "Arguments": arguments, **caching}


def _input(name: str, uri: Any) -> Json:
    source = {"S3Uri": uri, "LocalPath": f"{PROCESSING}/input/{name}", "S3DataType": "S3Prefix"}
    return {"InputName": name, "S3Input": source | {"S3InputMode": "File"}}


def output_of(step: str) -> Json:
    return {"Get": f"Steps.{step}.ProcessingOutputConfig.Outputs['o'].S3Output.S3Uri"}


def condition(name: str, before: str | None) -> Json:
    comparison = {"Type": "Equals", "LeftValue": 1, "RightValue": 1}
    arguments = {"Conditions": [comparison], "IfSteps": [], "ElseSteps": []}
    waits = {"DependsOn": [before]} if before else {}
    return {"Name": name, "Type": "Condition", "Arguments": arguments, **waits}


class Engine:
    """A session with a root of its own."""

    def __init__(self, root: Path) -> None:
        self.session = LocalSession(root, preload=())
        self.client = self.session.sagemaker_client

    def code(self, script: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "script.py").write_text(script, encoding="utf-8")
            return self.session.upload_data(folder, key_prefix="code")

    def save(self, name: str, text: str) -> None:
        role = "arn:aws:iam::000000000000:role/sagemaker-local"
        known = {p["PipelineName"] for p in self.client.list_pipelines()["PipelineSummaries"]}
        put = self.client.update_pipeline if name in known else self.client.create_pipeline
        put(PipelineName=name, PipelineDefinition=text, RoleArn=role)

    def run(self, name: str) -> None:
        """Start a saved pipeline and wait for its success."""
        arn = self.client.start_pipeline_execution(PipelineName=name)["PipelineExecutionArn"]
        status = "Executing"
        while status == "Executing":
            time.sleep(0.005)
            described = self.client.describe_pipeline_execution(PipelineExecutionArn=arn)
            status = described["PipelineExecutionStatus"]
        if status != "Succeeded":
            sys.exit(str(self.client.list_pipeline_execution_steps(PipelineExecutionArn=arn)))


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def plan(engine: Engine) -> None:
    """Half a chain of references, half free steps."""
    code = engine.code("pass")
    names = [f"S{number}" for number in range(PLANNED)]
    half = PLANNED // 2
    chain = [
        processing(name, code, output_of(names[index - 1]) if index else None)
        for index, name in enumerate(names[:half])
    ]
    text = definition(chain + [processing(name, code) for name in names[half:]])
    found: list[Any] = []
    took = seconds(lambda: found.append(engine.session.plan(text)))
    assert len(found[0].steps) == PLANNED and not found[0].refusals
    print(f"plan of {PLANNED:,} processing steps: {took:.2f} s")


def conditions(engine: Engine) -> None:
    """Half in a chain, half side by side."""
    half = STEPS // 2
    names = [f"C{number}" for number in range(STEPS)]
    before = [None, *names[: half - 1]] + [None] * half
    engine.save("conditions", definition(map(condition, names, before)))
    took = seconds(lambda: engine.run("conditions"))
    print(f"run of {STEPS:,} Condition steps: {took:.2f} s ({1000 * took / STEPS:.1f} ms a step)")


def many_steps(engine: Engine, counts: Iterable[int]) -> None:
    code = engine.code("pass")
    base = 0.0
    for count in counts:
        engine.save("many", definition(processing(f"S{n}", code) for n in range(count)))
        each = seconds(lambda: engine.run("many")) / count
        base = base or each
        print(
            f"{count:5,} processing steps that do nothing: {1000 * each:.1f} ms a step, "
            f"ratio {each / base:.2f}"
        )


def unchanged(engine: Engine) -> None:
    """Three steps, one after another, the second time from the cache."""
    session = engine.session
    data: Any = session.upload_string_as_file_body("1,2\n" * 1000, "sagemaker-local", "d/a.csv")
    steps = []
    for name, libraries in LIBRARIES.items():
        script = f"if False:\n    import {libraries}\nopen('processing/output/o', 'w').write('1')"
        steps.append(processing(name, engine.code(script), data, cached=True))
        data = output_of(name)
    engine.save("three", definition(steps))
    first, second, third = (seconds(lambda: engine.run("three")) for _ in range(3))
    again = min(second, third)
    print(
        f"three cached steps: {first:.2f} s, again with nothing changed {again:.3f} s, "
        f"ratio {again / first:.2f}"
    )


def large_input(engine: Engine, gigabytes: float) -> None:
    """One file as an input, which is a read of every byte to know it, and none to know it again."""
    uri = f"s3://sagemaker-local/large-{gigabytes:g}/data.bin"
    file = engine.session.bucket.path(uri)
    file.parent.mkdir(parents=True)
    block = os.urandom(1 << 20)
    with file.open("wb") as stream:
        for _ in range(max(1, int(gigabytes * 1024))):
            stream.write(block)
    os.utime(file, (time.time() - 60,) * 2)
    time.sleep(2.5)  # a file that has just been written is read again, as it may still change
    digests = engine.session.digests
    first, again = (seconds(lambda: digests.of_file(file)) for _ in range(2))
    print(
        f"digest of {gigabytes:g} GB: {first:.2f} s, again {1000 * again:.2f} ms, "
        f"ratio {again / first:.5f}"
    )
    file.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--counts", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--gigabytes", type=float, default=2.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder) / "root")
        engine.save("first", definition([processing("S", engine.code("pass"))]))
        engine.run("first")  # the fork server has started
        plan(engine)
        conditions(engine)
        many_steps(engine, options.counts)
        unchanged(engine)
        if options.gigabytes:
            large_input(engine, options.gigabytes)


if __name__ == "__main__":
    main()
