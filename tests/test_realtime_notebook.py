"""Notebook 05 in both sessions: what it prints, what serves when it has ended, what is left.

The managed session speaks to the engine's wire server by the variables that it prints, and for
autoscaling to moto. One project is trained once for each problem type that is served.
"""

import http.client
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import psutil
import pytest
from conftest import Bake, environment
from moto_server import moto_server
from projects import LocalState, NotebookRun, Run, failure, run_notebook

pytestmark = pytest.mark.slow

NOTEBOOK = "05_realtime_endpoint.ipynb"
ENDPOINT, CLASSIFYING = "used-car-prices-xgboost", "used-car-prices-sold-xgboost"
VARIANTS = ("AllTraffic", "Challenger")
ASKED = {"requests": 30, "challenger": 1}


@dataclass(frozen=True)
class Aws:
    """A project's wire server, and moto for what only AWS has; as a shell knows them."""

    variables: dict[str, str]
    scaler: Any

    def targets(self) -> list[dict[str, Any]]:
        found = self.scaler.describe_scalable_targets(ServiceNamespace="sagemaker")
        return list(found["ScalableTargets"])


@pytest.fixture(scope="module")
def project(bake: Bake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(bake(), tmp_path_factory.mktemp("served") / "project"))


@pytest.fixture(scope="module")
def without_a_model(project: Path, run: Run) -> NotebookRun:
    return run_notebook(run, project, NOTEBOOK)


@pytest.fixture(scope="module")
def here(project: Path, without_a_model: NotebookRun, run: Run) -> Iterator[NotebookRun]:
    """A model that predicts prices, served by a local session.

    Notebook 05 is started as people start it: what ends with a test's own program is no proof.
    """
    run_notebook(run, project, sample_rows=600, approval_status="Approved").succeeded()
    executed = run_notebook(run, project, NOTEBOOK, env={}, **ASKED).succeeded()
    yield kept(executed, project / "here.ipynb")
    LocalState(project).session.stop_endpoints()


@pytest.fixture(scope="module")
def aws(project: Path) -> Iterator[Aws]:
    with moto_server("us-east-1") as moto, served(project) as variables:
        variables["AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING"] = moto.url
        yield Aws(variables, moto.client("application-autoscaling"))


@contextmanager
def served(project: Path) -> Iterator[dict[str, str]]:
    """A project's wire server; gives the variables that it prints for a shell."""
    server = subprocess.Popen(
        [sys.executable, "-m", "sagemaker_local", "serve", "--region", "us-east-1"],
        cwd=project,
        env=environment(project, {}),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    variables = {}
    for line in server.stdout:
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").strip().partition("=")
            variables[name] = value
        if line.startswith("unset"):
            break
    yield variables
    server.send_signal(signal.SIGTERM)
    server.communicate(timeout=60)


@pytest.fixture(scope="module")
def managed(project: Path, here: NotebookRun, aws: Aws, run: Run) -> NotebookRun:
    """A model that predicts classes, served by a managed session, and deleted at the end."""
    kind: dict[str, Any] = {"task": "sold", "problem_type": "binary_classification"}
    run_notebook(run, project, sample_rows=600, approval_status="Approved", **kind).succeeded()
    asked = {**ASKED, "task": "sold", "delete": True, "maximum_instances": 3}
    executed = run_notebook(
        run, project, NOTEBOOK, env=aws.variables, session="managed", **asked
    ).succeeded()
    return kept(executed, project / "managed.ipynb")


def kept(ran: NotebookRun, file: Path) -> NotebookRun:
    """A run whose notebook the next one does not overwrite."""
    return NotebookRun(ran.process, ran.executed.rename(file))


def cell(ran: NotebookRun, name: str) -> str:
    """All that a cell showed, as text."""
    notebook = nbformat.read(ran.executed, as_version=4)
    (found,) = (each for each in notebook.cells if each.id == name)
    shown = []
    for output in found.outputs:
        shown += [output.get("text", ""), *output.get("data", {}).values()]
    return "".join(map(str, shown))


def test_without_an_approved_model_a_sentence_says_what_to_do(without_a_model: NotebookRun) -> None:
    assert "has no model yet; notebook 03 registers one" in failure(without_a_model)


def test_the_endpoint_outlives_the_notebook_and_answers(here: NotebookRun, project: Path) -> None:
    """The kernel is gone, and what it had started; the endpoint's processes are nobody's child."""
    commands = [
        " ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])
    ]
    own = [command for command in commands if str(project) in command]
    assert [command for command in own if "serve.py" in command]
    assert not [command for command in own if "ipykernel" in command or "papermill" in command]
    session = LocalState(project).session
    url = urlsplit(session.endpoint_url())
    described = session.sagemaker_client.describe_endpoint(EndpointName=ENDPOINT)
    assert described["EndpointStatus"] == "InService"
    record = json.loads(cell(here, "address").partition("--body '")[2].partition("' /dev")[0])
    connection = http.client.HTTPConnection(url.netloc, timeout=60)
    path, headers = f"/endpoints/{ENDPOINT}/invocations", {"Content-Type": "application/json"}
    connection.request("POST", path, json.dumps(record), headers)
    answer = json.loads(connection.getresponse().read())
    assert answer["predictions"] == [json.loads(cell(here, "ask-json"))]
    connection.close()


def test_a_browser_finds_the_page_of_the_model_s_own_server(here: NotebookRun) -> None:
    url = urlsplit(cell(here, "address").splitlines()[-1])
    pages = []
    for _ in range(2):  # the page is at an address of its own, since it asks the model
        connection = http.client.HTTPConnection(url.netloc, timeout=60)
        connection.request("GET", url.path)
        answer = connection.getresponse()
        pages.append((answer.status, answer.read().decode()))
        url = urlsplit(answer.headers.get("Location", ""))
        connection.close()
    assert [status for status, _ in pages] == [307, 200]
    assert "Predictions of price" in pages[1][1]


@pytest.mark.parametrize("which", ["here", "managed"])
def test_latencies_metrics_and_captures_are_of_the_requests_that_were_sent(
    which: str, request: pytest.FixtureRequest, project: Path
) -> None:
    ran = request.getfixturevalue(which)
    assert "100 records" in cell(ran, "percentiles")
    assert "<svg" in cell(ran, "latency-plot")
    shown = cell(ran, "metrics")
    assert all(name in shown for name in ("Invocation4XXErrors", "ModelLatency p99"))
    name = ENDPOINT if which == "here" else CLASSIFYING
    folder = next((project / ".sagemaker-local" / "s3").glob(f"*/*/captures/{name}"))
    lines = {
        variant: [
            json.loads(line)
            for file in folder.glob(f"{variant}/**/*.jsonl")
            for line in file.read_text(encoding="utf-8").splitlines()
        ]
        for variant in VARIANTS
    }
    ids = {
        variant: {line["eventMetadata"].get("inferenceId", "") for line in found}
        for variant, found in lines.items()
    }
    compared = {each for each in ids["Challenger"] if each.startswith("shadow-")}
    assert len(compared) == len(compared & ids["AllTraffic"]) == 100


def test_a_challenger_that_is_the_champion_agrees_in_both_sessions(
    here: NotebookRun, managed: NotebookRun
) -> None:
    assert "challenger P(1)" in cell(managed, "compare")
    assert "challenger P(" not in cell(here, "compare")
    for ran in (here, managed):
        assert "<svg" in cell(ran, "agreement")


def test_only_a_managed_session_scales(here: NotebookRun, managed: NotebookRun, aws: Aws) -> None:
    assert "there is nothing to scale" in cell(here, "scale")
    said = f"endpoint/{CLASSIFYING}/variant/AllTraffic has 1 to 3 machines"
    assert cell(managed, "scale").startswith(said)
    assert aws.targets() == [], "they went before the endpoint"


def test_a_deleted_endpoint_is_gone_and_another_stays(managed: NotebookRun, project: Path) -> None:
    client = LocalState(project).session.sagemaker_client
    names = [each["EndpointName"] for each in client.list_endpoints()["Endpoints"]]
    assert names == [ENDPOINT]
    assert f"{CLASSIFYING} is deleted." in cell(managed, "delete")
