"""Notebook 06 in both sessions: what an endpoint was asked, window by window, beside its baseline.

Captures are written as an endpoint writes them, so that none has to run.
"""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd
import psutil
import pytest
from captures import ENDPOINT, YESTERDAY, ask
from conftest import environment
from projects import LocalState, NotebookRun, Run, failure, run_notebook

pytestmark = pytest.mark.slow

Bake = Callable[..., Path]
NOTEBOOK = "06_model_monitor.ipynb"
PIPELINE = f"{ENDPOINT}-monitoring"
OWN = "sagemaker-local/used-car-prices"


@dataclass(frozen=True)
class Watched:
    """A project with a model that has a baseline."""

    project: Path
    run: Run

    @property
    def state(self) -> LocalState:
        return LocalState(self.project)

    def ask(self, seed: int, time: str, **more: Any) -> Path:
        """Have the endpoint be asked; gives the file with what turned out to be true."""
        return ask(self.run, self.project, OWN, seed, time, **more)

    def monitor(self, **given: Any) -> NotebookRun:
        return run_notebook(self.run, self.project, NOTEBOOK, **given)

    def kept(self, name: str) -> dict[str, Any]:
        """A document of the state's folder."""
        path = self.state.path(f"{OWN}/monitoring/{ENDPOINT}/state/{name}.json")
        return dict(json.loads(path.read_text(encoding="utf-8")))

    @property
    def has_state(self) -> bool:
        return self.state.path(f"{OWN}/monitoring/{ENDPOINT}/state").is_dir()

    def windows(self) -> list[dict[str, Any]]:
        return list(self.kept("history")["windows"])

    def steps(self) -> dict[str, str]:
        """Status by step of the monitoring pipeline's newest execution."""
        client = self.state.session.sagemaker_client
        (newest, *_) = client.list_pipeline_executions(PipelineName=PIPELINE)[
            "PipelineExecutionSummaries"
        ]
        listed = client.list_pipeline_execution_steps(
            PipelineExecutionArn=newest["PipelineExecutionArn"]
        )
        return {step["StepName"]: step["StepStatus"] for step in listed["PipelineExecutionSteps"]}


@pytest.fixture(scope="module")
def watched(bake: Bake, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    project = Path(shutil.copytree(bake(), tmp_path_factory.mktemp("watched") / "project"))
    run_notebook(run, project, sample_rows=1500, approval_status="Approved").succeeded()
    return Watched(project, run)


def test_from_nothing_to_calm_and_shifted_windows(watched: Watched) -> None:
    """The story of an endpoint: each window takes what is new, once, whatever happens between."""
    ran = watched.monitor().succeeded()
    assert "Nothing was captured below s3://" in ran.output

    labels = watched.ask(31, f"{YESTERDAY}T10:05:00")
    ran = watched.monitor().succeeded()
    assert "500 rows in 500 requests" in ran.output and "no violation" in ran.output
    assert "0 answers have got a label" in ran.output
    (calm,) = watched.windows()
    assert (calm["rows"], calm["violations"], calm["metrics"]) == (500, {}, {})
    assert calm["package"].endswith(f"{ENDPOINT}/1")
    index = (watched.project / "reports/monitoring/index.html").read_text(encoding="utf-8")
    assert index == (watched.project / f"reports/monitoring/{ENDPOINT}.html").read_text("utf-8")

    bookmark = watched.kept("bookmark")
    ran = watched.monitor().succeeded()
    assert "There is nothing new until" in ran.output
    assert set(watched.steps()) == {"Consolidate", "IsNew"}
    assert watched.kept("bookmark") == bookmark and watched.windows() == [calm]

    # A step that fails after the requests were read leaves them to the next run.
    watched.ask(32, f"{YESTERDAY}T10:50:00", shifted="mileage_km")
    edited = watched.project / "edited.json"
    edited.write_text('{"features": [], "monitoring_config": {"levle": 0.01}}')
    assert "levle" in failure(watched.monitor(constraints=edited))
    assert watched.steps()["Consolidate"] == "Succeeded" and "Report" not in watched.steps()
    assert watched.kept("bookmark") == bookmark and watched.windows() == [calm]
    ran = watched.monitor().succeeded()
    assert "500 rows in 500 requests" in ran.output
    assert "CompletedWithViolations: Job completed" in ran.executed.read_text(encoding="utf-8")
    calm_again, shifted = watched.windows()
    assert calm_again == calm
    assert "mileage_km" in shifted["violations"]
    assert set(shifted["violations"]) <= {"mileage_km", "prediction"}
    assert watched.kept("bookmark")["until"] > bookmark["until"]

    # What turns out to be true late counts in the next window, once, although nothing was asked
    # since; and when its own window is looked at again, which moves nothing.
    command = ["python", "-m", "used_car_prices", "labels", str(labels)]
    ended = watched.run(command, watched.project)
    assert "500 labels are at s3://" in ended.stdout, ended.stderr
    ran = watched.monitor().succeeded()
    assert "No request, but 500 labels of earlier ones until" in ran.output
    assert "500 labels are of answers of earlier windows" in ran.output
    *before, late = watched.windows()
    assert before == [calm, shifted] and late["rows"] == 0 and late["metrics"]["r2"] > 0.5
    assert "There is nothing new until" in watched.monitor().succeeded().output
    bookmark = watched.kept("bookmark")
    ran = watched.monitor(window=f"{YESTERDAY}T10:00Z/{YESTERDAY}T10:30Z").succeeded()
    assert "500 rows in 500 requests" in ran.output
    assert "500 answers have got a label" in ran.output
    assert watched.kept("bookmark") == bookmark
    assert watched.windows() == [calm, shifted, late], "no window of them had that time"

    # Each page over all windows leads to their reports, in the bucket and here.
    in_bucket = [*watched.state.path(OWN).rglob("report/index.html")]
    for page in (*in_bucket, watched.project / "reports/monitoring/index.html"):
        links = re.findall('href="([^"]+)"', page.read_text(encoding="utf-8"))
        assert links and all((page.parent / unquote(each)).is_file() for each in links)
    assert len(in_bucket) == 4


# At the end of a task's work, before anything of it leaves its job: wait to be killed.
HOLD = """

def _held(work, hold, reached):
    def waiting(*given):
        import pathlib, time
        done = work(*given)
        while pathlib.Path(hold).exists():
            pathlib.Path(reached).touch()
            time.sleep(0.05)
        return done
    return waiting

{name} = _held({name}, {hold!r}, {reached!r})
"""


def test_a_process_that_is_killed_loses_nothing_and_counts_nothing_twice(
    watched: Watched, tmp_path: Path
) -> None:
    """With its jobs, by SIGKILL, in the middle of the first and of the last step."""
    # In the project itself: a process that copies a database which it has open drops its locks.
    project = watched.project
    watched.ask(71, f"{YESTERDAY}T15:05:00", rows=200)
    before = watched.windows() if watched.has_state else []
    command = [sys.executable, "-m", "papermill", f"notebooks/{NOTEBOOK}", "reports/killed.ipynb"]
    for file, name in (("consolidation.py", "consolidate"), ("written.py", "report")):
        hold, reached = tmp_path / f"hold-{name}", tmp_path / f"reached-{name}"
        hold.touch()
        module = project / "runtime" / "monitoring" / file
        text = module.read_text(encoding="utf-8")
        module.write_text(text + HOLD.format(name=name, hold=str(hold), reached=str(reached)))
        process = subprocess.Popen(
            [*command, "-k", "python3", "--no-progress-bar"],
            cwd=project,
            env=environment(project, {}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while not reached.exists():
            assert process.poll() is None, "it ended before it came so far"
            time.sleep(0.05)
        for each in [*psutil.Process(process.pid).children(recursive=True), process]:
            each.send_signal(signal.SIGKILL)
        process.wait()
        hold.unlink()
        module.write_text(text, encoding="utf-8")
        assert watched.windows() == before
    assert "200 rows in 200 requests" in watched.monitor().succeeded().output
    *earlier, window = watched.windows()
    assert (earlier, window["rows"]) == (before, 200)
    assert "There is nothing new until" in watched.monitor().succeeded().output


def test_results_of_a_batch_job_are_a_window_of_their_own(watched: Watched) -> None:
    """A table as notebook 04 writes it, made of what an endpoint was asked and answered."""
    watched.ask(61, f"{YESTERDAY}T09:05:00", rows=400)
    hour = f"{YESTERDAY.replace('-', '/')}/09"
    captures = watched.state.path(f"{OWN}/captures/{ENDPOINT}/AllTraffic/{hour}")
    (file,) = captures.glob("*-61.jsonl")
    rows = []
    for line in file.read_text(encoding="utf-8").splitlines():
        sides = json.loads(line)["captureData"]
        answer = json.loads(sides["endpointOutput"]["data"])
        rows.append({**json.loads(sides["endpointInput"]["data"]), **answer})
    file.unlink()
    table = watched.project / "reports" / "scored" / "new.csv.scored.csv"
    table.parent.mkdir(parents=True)
    pd.DataFrame(rows).to_csv(table, index_label="row")
    before = watched.kept("bookmark") if watched.has_state else None
    ran = watched.monitor(batch_results=table.parent).succeeded()
    assert "400 rows in 400 requests" in ran.output and "no violation" in ran.output
    assert (watched.kept("bookmark") if watched.has_state else None) == before
    assert (watched.project / f"reports/monitoring/{ENDPOINT}-batch.html").is_file()


def told(watched: Watched) -> list[dict[str, str]]:
    """The messages that went out."""
    file = watched.project / "reports" / "alerts.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def by_the_watch(watched: Watched, labels: Path) -> str:
    """What monitoring says where labels come in, and `make watch` is to retrain by drift."""
    (watched.project / "params" / "watch.yaml").write_text("monitor: {retrain: drift}")
    folder = watched.project / "data" / "labels"
    folder.mkdir(parents=True)
    shutil.copy(labels, folder)
    words = ["python", "-m", "used_car_prices", "watch", "--once", "--every", "0.1"]
    ended = watched.run(words, watched.project)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"monitor-{ENDPOINT} data/labels/{labels.name}: done in" in ended.stdout
    (log,) = (watched.project / "reports" / "watch").glob("*.log")
    return log.read_text(encoding="utf-8")


def test_drift_retrains_and_a_winner_waits_for_approval(watched: Watched) -> None:
    """It has seen the labelled rows but for the newest, on which it meets the old model."""
    settings = watched.project / "params" / "alerts.yaml"
    settings.write_text("{windows_needed: 1, windows_of: 1}", encoding="utf-8")
    (champion,) = watched.state.packages()
    watched.ask(41, f"{YESTERDAY}T12:05:00", rows=600, shifted="mileage_km")
    ran = watched.monitor(retrain="drift").succeeded()
    assert "not retrained: no rows of the window have a label" in ran.output
    assert len(watched.state.packages()) == 1
    begun, refused = told(watched)[-2:]
    assert refused["subject"] == f"{ENDPOINT}: not retrained" and "no rows" in refused["text"]
    assert begun["subject"].startswith(f"{ENDPOINT}: mileage_km")
    assert "since 20" in begun["text"] and "report: reports/monitoring/" in begun["text"]

    labels = watched.ask(42, f"{YESTERDAY}T12:50:00", rows=600, shifted="mileage_km")
    said = by_the_watch(watched, labels)
    assert "420 labelled rows more; both models are compared on the 180 newest" in said
    assert f"{ENDPOINT}/2 is registered: r2 0." in said
    _, new = watched.state.packages()
    assert new["ModelApprovalStatus"] == "PendingManualApproval"
    rows = watched.state.evaluation(new)
    assert rows["rows"] == 180 and rows["gate"]["champion_margin"] >= 0
    assert rows["champion_metrics"] != watched.state.evaluation(champion)["champion_metrics"]
    assert told(watched)[-1]["subject"] == f"{ENDPOINT}: retrained"
    assert "because mileage_km: Numerical distribution distance" in told(watched)[-1]["text"]
    assert len([each for each in told(watched) if "out of bounds" in each["subject"]]) == 1

    watched.ask(43, f"{YESTERDAY}T13:05:00", rows=600, shifted="mileage_km")
    ran = watched.monitor(retrain="drift", ground_truth=labels).succeeded()
    assert f"nothing new to retrain for: {ENDPOINT}/2 is registered" in ran.output


def test_a_loser_is_rejected_with_the_reason_in_the_alert(watched: Watched) -> None:
    labels = watched.ask(51, f"{YESTERDAY}T14:05:00", rows=400)
    head, *lines = labels.read_text(encoding="utf-8").splitlines()
    names = [line.partition(",")[0] for line in lines]
    wrong = [f"{name},{1_000 + 7_919 * place % 60_000}" for place, name in enumerate(names[:280])]
    labels.write_text("\n".join([head, *wrong, *lines[280:]]), encoding="utf-8")
    before = len(watched.state.packages())
    ran = watched.monitor(retrain="now", ground_truth=labels).succeeded()
    assert len(watched.state.packages()) == before
    message = told(watched)[-1]
    assert message["subject"] == f"{ENDPOINT}: retrained, and the new model is rejected"
    reason, because, *_ = message["text"].splitlines()
    assert reason in ran.output and because == "because it was asked for"
    assert "the champion's 0." in reason and "on 120 rows" in reason
