"""The managed session, against a moto server on loopback, and what it shares with the local one."""

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.stub import Stubber
from moto_server import Moto, moto_server
from projects import LocalState, Run, run_notebook

pytestmark = pytest.mark.slow

Bake = Callable[..., Path]

REGION = "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/sagemaker"
BUCKET = "sagemaker-eu-west-1-123456789012"  # given, because the SDK looks it up at AWS itself
PIPELINE = "used-car-prices-xgboost"


@pytest.fixture(scope="module")
def aws() -> Iterator[Moto]:
    with moto_server(REGION) as server:
        yield server


@pytest.fixture(scope="module")
def project(bake: Bake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(bake(), tmp_path_factory.mktemp("managed") / "project"))


def variables(aws: Moto) -> dict[str, str]:
    """moto answers 500 to iam:SimulatePrincipalPolicy."""
    return {**aws.variables, "SAGEMAKER_VALIDATE_ROLE": "false"}


def run_managed(run: Run, project: Path, aws: Moto, **parameters: Any) -> None:
    given = {"sample_rows": 600, "role": ROLE, "bucket": BUCKET, **parameters}
    run_notebook(run, project, env=variables(aws), session="managed", **given).succeeded()


def neutral(definition: str) -> Any:
    """A definition without what may differ between sessions: bucket, region, account, role."""
    for pattern, word in (
        (r"arn:aws:iam::\d{12}:role/[\w-]+", "ROLE"),
        (r"sagemaker-(local|eu-west-1-123456789012)\b", "BUCKET"),
        (r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com", "REGISTRY"),
    ):
        definition = re.sub(pattern, word, definition)
    return json.loads(definition)


def local_definition(project: Path) -> str:
    client = LocalState(project).session.sagemaker_client
    return str(client.describe_pipeline(PipelineName=PIPELINE)["PipelineDefinition"])


@dataclass(frozen=True)
class Definitions:
    """What one notebook builds: for AWS, there again after it ran, and for this machine."""

    managed: dict[str, Any]
    managed_again: dict[str, Any]
    local: str


@pytest.fixture(scope="module")
def definitions(project: Path, run: Run, aws: Moto) -> Definitions:
    client = aws.client("sagemaker")
    run_managed(run, project, aws, wait=False)
    first = client.describe_pipeline(PipelineName=PIPELINE)
    run_managed(run, project, aws, start=False)
    again = client.describe_pipeline(PipelineName=PIPELINE)
    run_notebook(run, project, sample_rows=600, start=False).succeeded()
    return Definitions(first, again, local_definition(project))


def test_upsert_start_describe_and_update(
    definitions: Definitions, project: Path, run: Run, aws: Moto
) -> None:
    client, created = aws.client("sagemaker"), definitions.managed
    assert created["RoleArn"] == ROLE
    executions = client.list_pipeline_executions(PipelineName=PIPELINE)
    assert len(executions["PipelineExecutionSummaries"]) == 1
    assert definitions.managed_again["PipelineDefinition"] == created["PipelineDefinition"]

    run_managed(run, project, aws, start=False, max_depth=6)
    updated = client.describe_pipeline(PipelineName=PIPELINE)
    assert len(client.list_pipelines()["PipelineSummaries"]) == 1
    defaults = {
        item["Name"]: item["DefaultValue"]
        for item in json.loads(updated["PipelineDefinition"])["Parameters"]
    }
    assert defaults["MaxDepth"] == "6"


def test_both_sessions_build_the_same_definition(definitions: Definitions) -> None:
    managed, local = definitions.managed["PipelineDefinition"], definitions.local
    assert neutral(managed) == neutral(local)
    assert REGION in managed and "sagemaker-local" not in managed
    assert "sagemaker-local" in local


def test_every_object_that_the_definition_names_was_uploaded(
    definitions: Definitions, aws: Moto
) -> None:
    uris = set(re.findall(r'"s3://([^/"]+)/([^"]+)"', definitions.managed["PipelineDefinition"]))
    written = ("/models", "/predictions/xgboost")
    sources = {key for _, key in uris if not key.endswith(written)}
    # Data, its contract, its columns, the champion's marker, code of four steps, SDK's drivers.
    assert len(sources) == 9
    for bucket, key in uris:
        found = aws.client("s3").list_objects_v2(Bucket=bucket, Prefix=key)
        assert found["KeyCount"] > 0 or key not in sources, key


@pytest.mark.parametrize("tune", [False, True])
def test_building_twice_gives_the_same_bytes(
    definitions: Definitions, project: Path, run: Run, tune: bool
) -> None:
    texts = [] if tune else [definitions.local]
    while len(texts) < 2:
        run_notebook(run, project, sample_rows=600, start=False, tune=tune).succeeded()
        texts.append(local_definition(project))

    assert texts[0] == texts[1]
    assert not re.search(r"20\d{10,12}|/work|/home|/tmp", texts[0]), "no time stamps, no paths"


def test_a_role_is_asked_for(project: Path, run: Run, aws: Moto) -> None:
    ran = run_notebook(run, project, env=variables(aws), session="managed", sample_rows=600)
    assert ran.process.returncode != 0
    assert "-p role arn:aws:iam::<account>:role/<name>" in ran.process.stderr


def test_an_image_of_ones_own_runs_every_job(project: Path, run: Run, aws: Moto) -> None:
    own = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/mine:1"
    limits = {"parallel_steps": 3, "training_time_limit": 600, "processing_time_limit": 700}
    run_managed(run, project, aws, start=False, image=own, tune=True, task="own", **limits)
    pipeline = aws.client("sagemaker").describe_pipeline(
        PipelineName=PIPELINE.replace("-xgboost", "-own-xgboost")
    )
    text = pipeline["PipelineDefinition"]
    assert set(re.findall(r'"(?:ImageUri|TrainingImage|Image)": "([^"]+)"', text)) == {own}
    assert "MetricDefinitions" in text, "SageMaker does not know how to read its metrics"
    assert set(re.findall(r'"MaxRuntimeInSeconds": (\d+)', text)) == {"600", "700"}
    assert pipeline["ParallelismConfiguration"] == {"MaxParallelExecutionSteps": 3}


SINGLE_JOB = """
from used_car_prices.pipelines import channels, staging
from used_car_prices.sessions.open import open_session

session = open_session("managed", role={role!r}, bucket={bucket!r}, pipeline=False)

from sagemaker.core.processing import Processor

uris = {{"code": staging.upload(session, "preprocess.py")}}
Processor(
    role=session.role,
    image_uri="image",
    entrypoint=["python3", "preprocess.py"],
    instance_type="ml.m5.large",
    instance_count=1,
    sagemaker_session=session,
).run(
    inputs=channels.processing_inputs(uris),
    outputs=[channels.processing_output("train")],
    job_name="single",
    wait=False,
    logs=False,
)
"""


def test_a_single_job_is_submitted(project: Path, run: Run, aws: Moto) -> None:
    """The lines of notebook 02; moto runs nothing, so nobody waits for the end."""
    program = SINGLE_JOB.format(role=ROLE, bucket=BUCKET)
    ended = run([sys.executable, "-c", program], project, variables(aws))
    assert ended.returncode == 0, ended.stderr[-3000:]
    job = aws.client("sagemaker").describe_processing_job(ProcessingJobName="single")
    (code,) = job["ProcessingInputs"]
    prefix = code["S3Input"]["S3Uri"].removeprefix(f"s3://{BUCKET}/")
    assert re.fullmatch(r"used-car-prices/code/[0-9a-f]{16}", prefix)
    found = aws.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]
    assert f"{prefix}/preprocess.py" in [item["Key"] for item in found]
    (output,) = job["ProcessingOutputConfig"]["Outputs"]
    assert output["S3Output"]["S3Uri"] == f"s3://{BUCKET}/used-car-prices/single/output/train"


STEP = {"StepName": "Train", "StartTime": datetime(2026, 1, 1, tzinfo=UTC)}


def test_following_a_managed_execution(
    bake: Bake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What moto cannot list: steps that change between two looks, and a failure."""
    monkeypatch.syspath_prepend(str(bake() / "src"))
    from sagemaker.mlops.workflow.pipeline import PipelineExecution
    from used_car_prices.runs import executions, progress

    client = Moto("http://127.0.0.1:9", REGION).client("sagemaker")
    arn = f"arn:aws:sagemaker:{REGION}:123456789012:pipeline/p/execution/abcdefghijkl"
    stubber = Stubber(client)
    failed_step: dict[str, Any] = {
        **STEP,
        "StepStatus": "Failed",
        "EndTime": datetime(2026, 1, 1, 0, 1, tzinfo=UTC),
        "FailureReason": "ClientError: train.py exited with code 1",
    }
    execution = {"PipelineExecutionArn": arn}

    def describe(status: str) -> None:
        described = {**execution, "PipelineExecutionStatus": status}
        stubber.add_response("describe_pipeline_execution", described, execution)

    def list_steps(step: dict[str, object]) -> None:
        stubber.add_response(
            "list_pipeline_execution_steps",
            {"PipelineExecutionSteps": [step]},
            {**execution, "SortOrder": "Ascending"},
        )

    describe("Executing")
    list_steps({**STEP, "StepStatus": "Executing"})
    describe("Failed")
    list_steps(failed_step)
    list_steps(failed_step)
    describe("Failed")
    session = SimpleNamespace(sagemaker_client=client, poll_seconds=0)
    with stubber, pytest.raises(executions.PipelineFailed) as failed:
        progress.follow(PipelineExecution(arn, session), session)

    assert str(failed.value) == (
        "the pipeline failed: Train: ClientError: train.py exited with code 1"
    )
    assert [line.split() for line in capsys.readouterr().out.splitlines() if "Train" in line] == [
        ["Train", "Executing"],
        ["Train", "Failed", "60.0", "s", *failed_step["FailureReason"].split()],
    ]
