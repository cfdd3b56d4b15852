"""A project against `make aws`: the managed notebook, the AWS CLI, the project's own commands.

Nothing stands in for anything: the SDK's own session, boto3 and the AWS CLI speak to the server by
the variables that it prints, and jobs run.
"""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request as UrlRequest
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError, HTTPClientError
from captures import ENDPOINT, YESTERDAY, ask
from conftest import environment
from engine.boto_clients import client
from projects import LocalState, NotebookRun, Run, run_notebook

pytestmark = pytest.mark.slow

Bake = Callable[..., Path]
Aws = Callable[..., str]

# Version 1 of the CLI is the one that can be installed by pip; it brings a botocore of its own.
CLI = "awscli>=1.46,<2"
LOCALBUCKET = "localbucket==1.2.1"
BUCKET = "sagemaker-us-east-1-000000000000"  # the SDK's default one, by region and account


@dataclass(frozen=True)
class Served:
    """A project, and a shell's variables after the server's lines were pasted into it."""

    project: Path
    variables: dict[str, str]

    @property
    def state(self) -> LocalState:
        return LocalState(self.project)


@pytest.fixture(scope="module")
def served(bake: Bake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    project = Path(shutil.copytree(bake(), tmp_path_factory.mktemp("served") / "project"))
    command = [sys.executable, "-m", "sagemaker_local", "serve"]
    process = subprocess.Popen(
        [*command, "--region", "us-east-1"],
        cwd=project,
        env=environment(project, {}),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    variables = {}
    for line in process.stdout:
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").strip().partition("=")
            variables[name] = value
        if line.startswith("unset"):
            break
    try:
        yield Served(project, variables)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


@pytest.fixture(scope="module")
def ran(served: Served, run: Run) -> NotebookRun:
    """Notebook 03, with the parameters of `params/managed.yaml` and a small sample."""
    return run_notebook(
        run, served.project, env=served.variables, session="managed", sample_rows=600
    ).succeeded()


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment's `bin`: the CLI's libraries are pinned, and are not those of this suite."""
    folder = tmp_path_factory.mktemp("tools")
    uv = [sys.executable, "-m", "uv"]
    python = folder / "bin" / "python"
    subprocess.run([*uv, "venv", "-q", "--python", sys.executable, str(folder)], check=True)
    install = [*uv, "pip", "install", "-q", "--python", str(python), CLI, LOCALBUCKET]
    subprocess.run(install, check=True)
    return python.parent


@pytest.fixture(scope="module")
def aws(served: Served, tools: Path, run: Run) -> Aws:
    """`aws(*words)`: what the CLI prints."""

    def ran(*words: str) -> str:
        ended = run([str(tools / "aws"), *words], served.project, served.variables)
        assert ended.returncode == 0, ended.stderr
        return str(ended.stdout)

    return ran


def test_the_managed_notebook_registers_a_model(served: Served, ran: NotebookRun) -> None:
    """From upload to registry; no role and no bucket was given, so the SDK asked for both."""
    (execution,) = served.state.executions()
    assert execution["PipelineExecutionStatus"] == "Succeeded"
    described = served.state.session.sagemaker_client.describe_pipeline_execution(
        PipelineExecutionArn=execution["PipelineExecutionArn"]
    )
    assert described["PipelineExecutionArn"].startswith("arn:aws:sagemaker:us-east-1:000000000000:")
    (package,) = served.state.packages()
    assert served.state.evaluation(package)["rows"] > 50
    assert package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"].startswith(
        f"s3://{BUCKET}/"
    )
    baseline = package["DriftCheckBaselines"]["ModelDataQuality"]["Constraints"]["S3Uri"]
    assert baseline.startswith(f"s3://{BUCKET}/")
    assert "version 1" in ran.output


def test_the_cli_approves_it_and_the_project_s_commands_see_that(
    served: Served, ran: NotebookRun, aws: Aws, run: Run
) -> None:
    (package,) = served.state.packages()
    arn = package["ModelPackageArn"]
    aws(
        "sagemaker",
        "update-model-package",
        "--model-package-arn",
        arn,
        "--model-approval-status",
        "Approved",
    )
    (package,) = served.state.packages()
    assert package["ModelApprovalStatus"] == "Approved"

    def said(*words: str) -> str:
        command = ["python", "-m", "used_car_prices", *words, "--session", "managed"]
        ended = run(command, served.project, served.variables)
        assert ended.returncode == 0, ended.stderr
        return str(ended.stdout)

    assert "Approved" in said("registry", "list")
    log = said(
        "progress", "log", "TrainXgboost" if "TrainXgboost" in served.state.steps() else "Train"
    )
    assert "validation" in log


def test_the_managed_notebook_scores_a_table(served: Served, ran: NotebookRun, run: Run) -> None:
    """By the SDK's own session, from the upload to the table that it brings back."""
    given = {"sample_rows": 50, "model_version": 1, "output": served.project / "scored"}
    scoring = "04_batch_scoring.ipynb"
    run_notebook(
        run, served.project, scoring, env=served.variables, session="managed", **given
    ).succeeded()
    (table,) = (served.project / "scored").glob("*.scored.csv")
    header, *rows = table.read_text(encoding="utf-8").splitlines()
    assert header.startswith("row,listing_id,") and header.endswith(",prediction")
    assert len(rows) == 50


def test_the_managed_notebook_watches_an_endpoint(
    served: Served, ran: NotebookRun, run: Run
) -> None:
    """By the SDK's own session: a window with a drifted column, and then nothing new."""
    place = f"{BUCKET}/used-car-prices"
    ask(run, served.project, place, 5, f"{YESTERDAY}T10:05:00", rows=300, shifted="mileage_km")
    given: dict[str, Any] = {"session": "managed", "model_version": 1}
    said = [
        run_notebook(
            run, served.project, "06_model_monitor.ipynb", env=served.variables, **given
        ).succeeded()
        for _ in range(2)
    ]
    assert "There is nothing new until" in said[1].output
    kept = served.state.path(f"{place}/monitoring/{ENDPOINT}/state/history.json")
    (window,) = json.loads(kept.read_text(encoding="utf-8"))["windows"]
    assert window["rows"] == 300 and "mileage_km" in window["violations"]
    page = served.project / "reports" / "monitoring" / "index.html"
    assert "mileage_km" in page.read_text(encoding="utf-8")


def test_the_managed_notebook_retrains_and_deploys(
    served: Served, ran: NotebookRun, run: Run
) -> None:
    """By the SDK's own session: challenger and champion, approval, an endpoint, and its check."""
    labels = ask(
        run,
        served.project,
        f"{BUCKET}/used-car-prices",
        6,
        f"{YESTERDAY}T11:05:00",
        rows=600,
        shifted="mileage_km",
    )
    given: dict[str, Any] = {"session": "managed", "model_version": 1, "ground_truth": labels}
    given |= {"retrain": "now", "retrain_deploy": True}
    said = run_notebook(
        run, served.project, "06_model_monitor.ipynb", env=served.variables, **given
    ).succeeded()
    assert "420 labelled rows more; both models are compared on the 180 newest" in said.output
    _, new = served.state.packages()
    assert new["ModelApprovalStatus"] == "Approved"
    found = served.state.evaluation(new)
    assert found["rows"] == 180 and found["gate"]["champion_margin"] >= 0
    assert f"{ENDPOINT} answers 5 known records as in evaluation" in said.output
    client = served.state.session.sagemaker_client
    assert client.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] == "InService"
    alerts = served.project / "reports" / "alerts.jsonl"
    message = json.loads(alerts.read_text(encoding="utf-8").splitlines()[-1])
    assert message["subject"] == f"{ENDPOINT}: retrained"
    assert f"{ENDPOINT}/2 is registered: r2 0." in message["text"]
    assert "because it was asked for" in message["text"]
    served.state.session.stop_endpoints()


def test_the_cli_syncs_lists_and_deletes(served: Served, aws: Aws, tmp_path: Path) -> None:
    bucket = served.project / ".sagemaker-local" / "s3" / "by-the-cli"
    bucket.mkdir(parents=True)  # a folder is a bucket
    for name in ("a.txt", "b/c.txt", "b/d e.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    aws("s3", "sync", str(tmp_path), "s3://by-the-cli/in")
    assert (bucket / "in" / "b" / "d e.txt").read_text() == "b/d e.txt"
    assert aws("s3", "ls", "s3://by-the-cli/in/").split()[:2] == ["PRE", "b/"]
    aws("s3", "rm", "--recursive", "s3://by-the-cli/in/b")
    assert [path.name for path in (bucket / "in").iterdir()] == ["a.txt"]


PLAIN = """
from pathlib import Path

from sagemaker.core.workflow.pipeline_context import PipelineSession

session = PipelineSession(default_bucket="plain")
session.upload_data("README.md", key_prefix="read/me")
assert session.list_s3_files("plain", "read") == ["read/me/README.md"]
assert session.download_data("down", "plain", "read/me") == ["down/README.md"]

from sagemaker.core.processing import ScriptProcessor
from sagemaker.core.shapes import ProcessingOutput, ProcessingS3Output
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.steps import ProcessingStep

Path("hello.py").write_text("open('processing/output/hello/hello.txt', 'w').write('hello')")
target = ProcessingS3Output(
    s3_uri="s3://plain/out", local_path="/opt/ml/processing/output/hello", s3_upload_mode="EndOfJob"
)
processor = ScriptProcessor(
    image_uri="image",
    command=["python3"],
    role="arn:aws:iam::000000000000:role/sagemaker-local",
    instance_type="ml.m5.large",
    instance_count=1,
    sagemaker_session=session,
)
output = ProcessingOutput(output_name="hello", s3_output=target)
step = ProcessingStep("Hello", step_args=processor.run(code="hello.py", outputs=[output]))
pipeline = Pipeline("plain", steps=[step], sagemaker_session=session)
pipeline.upsert(role_arn=processor.role)
pipeline.upsert(role_arn=processor.role)
execution = pipeline.start()
execution.wait(delay=1)
assert [step["StepStatus"] for step in execution.list_steps()] == ["Succeeded"]
assert session.read_s3_file("plain", "out/hello.txt") == "hello"
"""


def test_a_plain_session_of_the_sdk_runs_a_pipeline(
    served: Served, run: Run, tmp_path: Path
) -> None:
    """One that knows nothing of this engine; a bucket is given, or it asks AWS itself for one."""
    (tmp_path / "README.md").write_text("read me")
    ended = run([sys.executable, "-c", PLAIN], tmp_path, served.variables)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "down" / "README.md").read_text() == "read me"


@contextmanager
def localbucket(tools: Path, folder: Path) -> Iterator[str]:
    """Its address; its one file is run in this process."""
    (file,) = tools.parent.rglob("localbucket.py")
    spec = spec_from_file_location("localbucket", file)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    module.S3Handler.data_root = folder
    server = ThreadingHTTPServer(("127.0.0.1", 0), module.S3Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def outcomes(url: str) -> dict[str, str]:
    """What becomes of calls that a project needs: an error's code, or `done`."""
    s3 = client("s3", url)
    s3.create_bucket(Bucket="compared")
    s3.put_object(Bucket="compared", Key="a", Body=b"1")
    listed = {"Objects": [{"Key": "a"}]}
    below = {"Bucket": "compared", "Key": "a/b", "Body": b"2"}
    wanted = {
        "a key below a key": lambda: s3.put_object(**below),
        "GetBucketLocation": lambda: s3.get_bucket_location(Bucket="compared"),
        "DeleteObjects": lambda: s3.delete_objects(Bucket="compared", Delete=listed),
    }
    return {name: outcome(call) for name, call in wanted.items()}


def outcome(call: Callable[[], Any]) -> str:
    try:
        call()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    except HTTPClientError:
        return "the connection broke off"
    return "done"


def allows_pages_of_a_browser(url: str) -> bool:
    asking = UrlRequest(url, headers={"Origin": "http://evil.example.com"})
    try:
        with urlopen(asking) as answer:
            return answer.headers.get("Access-Control-Allow-Origin") is not None
    except HTTPError as error:
        error.close()
        return False


def test_why_s3_is_not_localbucket(served: Served, tools: Path, tmp_path: Path) -> None:
    """Should this fail because it has learned it: docs/decisions/own-s3.md says what then."""
    ours = served.variables["AWS_ENDPOINT_URL_S3"]
    done = {"GetBucketLocation": "done", "DeleteObjects": "done"}
    assert outcomes(ours) == {**done, "a key below a key": "InvalidRequest"}
    assert not allows_pages_of_a_browser(ours)
    with localbucket(tools, tmp_path) as theirs:
        assert outcomes(theirs) == {
            "a key below a key": "the connection broke off",
            "GetBucketLocation": "NotImplemented",
            "DeleteObjects": "NotImplemented",
        }
        assert allows_pages_of_a_browser(theirs)
