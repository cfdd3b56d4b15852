"""The watch: what comes in is taken when it is whole, each once, one run at a time."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from {{ cookiecutter.package_name }} import cli, locks, paths, registry
from {{ cookiecutter.package_name }}.errors import ProjectError
from {{ cookiecutter.package_name }}.watching import captures, commands, ending, files, job, runner
from {{ cookiecutter.package_name }}.watching.ending import Ending
from {{ cookiecutter.package_name }}.watching.journal import Journal
from {{ cookiecutter.package_name }}.watching.state import State
from {{ cookiecutter.package_name }}.watching.watch import Watch
from {{ cookiecutter.package_name }}.watching.work import Source, Work


@dataclass
class Runs:
    """A runner whose runs end when a test says so."""

    begun: list[Work] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    endings: dict[str, Ending | None] = field(default_factory=dict)
    outside: set[str] = field(default_factory=set)
    stopped: bool = False

    def begin(self, work: Work, run: str) -> str:
        self.begun.append(work)
        self.names.append(run)
        return "a log"

    def is_running(self, pipeline: str, run: str) -> bool:
        return run not in self.endings

    def is_busy(self, pipeline: str) -> bool:
        return pipeline in self.outside

    def ending(self, pipeline: str, run: str) -> Ending | None:
        return self.endings.get(run)

    def stop(self) -> None:
        self.stopped = True

    def end(self, sentence: str = "", lost: bool = False) -> None:
        """The run that was begun last ends."""
        run = self.names[-1]
        self.endings[run] = None if lost else Ending(run, sentence, 1.0)

    @property
    def taken(self) -> list[list[str]]:
        return [[Path(item).name for item in work.items] for work in self.begun]


@dataclass
class Watched:
    """A folder with what is looked at, and a watch that can be killed and begun again."""

    root: Path
    window: timedelta = timedelta(hours=1)
    keys: dict[str, list[str]] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("incoming", "labelled"):
            (self.root / name).mkdir()
        self.begin()

    @property
    def sources(self) -> list[Source]:
        def words(name: str) -> Sequence[Sequence[str]]:
            return [[name]]

        return [
            files.Folder(self.root / "incoming", lambda _: "score", lambda _: words("score")),
            files.Folder(self.root / "labelled", lambda _: "train", lambda _: words("train"), True),
            captures.Captures(self.listed, words, self.window, lambda: self.now),
        ]

    def listed(self, since: captures.Since) -> dict[str, list[str]]:
        return {
            name: [key for key in keys if captures.moment_of(key) >= since(name)]
            for name, keys in self.keys.items()
        }

    def begin(self, again: bool = False) -> None:
        """A new watch, as after the one before was killed."""
        self.runs = Runs()
        known = State(self.root / "state.json", again)
        journal = Journal(self.root / "watch.jsonl", self.lines.append)
        self.watch = Watch(self.sources, known, self.runs, journal)

    def look(self, times: int = 1) -> list[list[str]]:
        for _ in range(times):
            self.watch.look()
        return self.runs.taken

    def put(self, name: str, text: str = "a,b\n1,2\n") -> Path:
        file = self.root / name
        file.write_text(text)
        return file

    @property
    def noted(self) -> list[str]:
        text = (self.root / "watch.jsonl").read_text()
        return [json.loads(line)["what"] for line in text.splitlines()]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_a_file_is_taken_when_it_stands_still_and_once(watched: Watched) -> None:
    watched.put("incoming/a.csv")
    assert watched.look() == []
    assert watched.look() == [["a.csv"]]
    watched.runs.end()
    assert watched.look(3) == [["a.csv"]]
    assert watched.noted == ["begun", "done"]
    assert "score" in watched.lines[0] and "done in 1.0 s" in watched.lines[1]


def test_a_file_that_grows_is_left_alone_until_it_is_whole(watched: Watched) -> None:
    for size in (1, 2, 3):
        watched.put("incoming/a.csv", "x" * size)
        assert watched.look() == []
    assert watched.look() == [["a.csv"]]


def test_a_file_of_the_same_size_that_is_written_again_is_new(watched: Watched) -> None:
    file = watched.put("incoming/a.csv")
    watched.look(2)
    watched.runs.end()
    os.utime(file, (1, 1))
    assert watched.look(2) == [["a.csv"], ["a.csv"]]


@pytest.mark.parametrize(
    "name",
    ["a.csv.part", "a.csv.tmp", "a.csv.crdownload", ".a.csv", "_SUCCESS", "~$a.csv", "a.csv~"],
)
def test_what_is_no_data_is_left_alone(watched: Watched, name: str) -> None:
    watched.put(f"incoming/{name}")
    watched.put("incoming/empty.csv", "")
    assert watched.look(3) == []


def test_one_run_at_a_time_for_each_pipeline(watched: Watched) -> None:
    watched.put("incoming/a.csv"), watched.put("incoming/b.csv"), watched.put("labelled/c.csv")
    assert watched.look(3) == [["a.csv"], ["c.csv"]]
    watched.runs.endings[watched.runs.names[0]] = Ending(watched.runs.names[0], "", 1.0)
    watched.watch.collect()
    assert watched.runs.taken == [["a.csv"], ["c.csv"], ["b.csv"]]


def test_another_process_that_runs_the_pipeline_is_waited_for(watched: Watched) -> None:
    watched.put("incoming/a.csv")
    watched.runs.outside = {"score"}
    assert watched.look(3) == []
    watched.runs.outside = set()
    assert watched.look() == [["a.csv"]]


def test_labelled_files_are_trained_on_together_when_all_are_whole(watched: Watched) -> None:
    watched.put("labelled/a.csv")
    watched.look()
    watched.put("labelled/b.csv", "x")
    assert watched.look() == []
    assert watched.look() == [["a.csv", "b.csv"]]
    watched.runs.end()
    assert len(watched.look(2)) == 1
    watched.put("labelled/c.csv", "y")
    assert watched.look(2)[1:] == [["a.csv", "b.csv", "c.csv"]]


def test_a_failing_file_is_said_and_not_tried_again_until_it_changes(watched: Watched) -> None:
    watched.put("incoming/bad.csv"), watched.put("incoming/good.csv")
    watched.look(2)
    watched.runs.end("it has no rows")
    assert watched.look(2) == [["bad.csv"], ["good.csv"]]
    watched.runs.end()
    assert len(watched.look(3)) == 2
    assert any("bad.csv: failed: it has no rows" in line for line in watched.lines)
    [said] = watched.watch.failures
    assert said.endswith("it has no rows")
    watched.begin()
    assert watched.look(3) == []
    watched.put("incoming/bad.csv", "better")
    assert watched.look(2) == [["bad.csv"]]


def test_what_failed_is_tried_again_when_asked_for(watched: Watched) -> None:
    watched.put("incoming/bad.csv")
    watched.look(2)
    watched.runs.end("no model is approved")
    watched.look()
    watched.begin(again=True)
    assert watched.look(2) == [["bad.csv"]]


def test_after_a_kill_what_was_begun_is_begun_again_and_what_is_done_is_not(
    watched: Watched,
) -> None:
    watched.put("incoming/a.csv")
    watched.look(2)
    watched.runs.end()
    watched.look()
    watched.put("incoming/b.csv")
    watched.look(2)
    ended = dict.fromkeys(watched.runs.names)
    watched.begin()
    watched.runs.endings = ended  # the run was killed, too
    assert watched.look(2) == [["b.csv"]]


def test_a_run_that_outlived_its_watch_is_waited_for_and_counts(watched: Watched) -> None:
    watched.put("incoming/a.csv")
    watched.look(2)
    [run] = watched.runs.names
    watched.begin()
    assert watched.look(3) == []
    watched.runs.endings[run] = Ending(run, "", 9.0)
    assert watched.look(3) == []
    assert watched.noted == ["begun", "done"]


def test_a_run_that_never_ends_is_begun_three_times_at_most(watched: Watched) -> None:
    watched.put("incoming/a.csv")
    for _ in range(5):
        watched.look(2)
        watched.runs.end(lost=True)
        watched.look()
    assert watched.runs.taken == [["a.csv"]] * 3
    assert watched.noted.count("lost") == 3
    assert "is not begun again until it changes" in watched.watch.failures[0]


def test_captures_start_monitoring_when_a_window_of_them_is_over(watched: Watched) -> None:
    def keys(*times: str) -> list[str]:
        return [f"captures/cars/AllTraffic/2026/01/31/{time}-000-x.jsonl" for time in times]

    watched.now = datetime(2026, 1, 31, 11, 59, tzinfo=UTC)
    assert watched.look(2) == []
    watched.keys = {"cars": keys("11/30-00")}
    assert watched.look() == [], "the window is not over"
    watched.keys = {"cars": keys("11/30-00", "12/10-00")}
    watched.now += timedelta(hours=1)
    assert watched.look() == [["captures of cars"]]
    watched.runs.end()
    watched.now += timedelta(hours=1)
    assert len(watched.look()) == 1, "nothing new was captured"
    watched.keys = {"cars": keys("11/30-00", "12/10-00", "13/00-00")}
    assert len(watched.look()) == 1, "the next window is not over"
    watched.now += timedelta(minutes=1)
    assert len(watched.look()) == 2
    watched.runs.end(lost=True)
    assert len(watched.look()) == 3, "what was begun and not ended is begun again"


def test_a_captured_file_that_comes_late_is_looked_at(watched: Watched) -> None:
    """The newest is known already: what is written after its hour is of the hour before."""

    def keys(*times: str) -> list[str]:
        return [f"captures/cars/AllTraffic/2026/01/31/{time}-000-x.jsonl" for time in times]

    watched.now = datetime(2026, 1, 31, 14, 30, tzinfo=UTC)
    watched.keys = {"cars": keys("08/00-00", "11/30-00", "13/00-00")}
    assert len(watched.look()) == 1
    watched.runs.end()
    watched.keys = {"cars": keys("08/00-00", "11/30-00", "12/59-58", "13/00-00")}
    assert len(watched.look()) == 2
    watched.runs.end()
    assert len(watched.look()) == 2, "once"
    source = watched.sources[-1]
    assert isinstance(source, captures.Captures)
    asked = []
    source.keys = lambda since: asked.append(since("cars")) or {}
    source.look(watched.watch.state)
    assert asked == [datetime(2026, 1, 31, 12, tzinfo=UTC)], "what is older is not listed"


def test_only_folders_of_a_time_are_listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(paths, "LOCAL_ROOT", tmp_path)
    (tmp_path / "endpoints").mkdir()
    hour = datetime.now(UTC).replace(minute=0)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    times = [f"{each:%Y/%m/%d/%H}/00-00-000-x.jsonl" for each in (long_ago, hour)]
    old, new = (f"mine/cars/Main/{each}" for each in times)
    asked: list[str] = []

    class Client:
        def describe_endpoint(self, **_: str) -> dict[str, object]:
            about = {"EndpointName": "cars", "EndpointStatus": "InService"}
            return {**about, "LastModifiedTime": hour, "EndpointConfigName": "c"}

        def describe_endpoint_config(self, **_: str) -> dict[str, object]:
            capture = {"EnableCapture": True, "InitialSamplingPercentage": 9}
            about = {**capture, "DestinationS3Uri": "s3://bucket/mine/"}
            return {"DataCaptureConfig": about, "ProductionVariants": [{"VariantName": "Main"}]}

    class Session:
        sagemaker_client = Client()
        default_bucket_prefix = "own"

        def default_bucket(self) -> str:
            return "bucket"

        def list_s3_files(self, _: str, prefix: str) -> list[str]:
            asked.append(prefix)
            return [key for key in (new, old) if key.startswith(prefix)]

    endpoints = captures.LocalEndpoints(Session())
    monkeypatch.setattr(endpoints, "_names", lambda: ["cars"])
    assert endpoints(lambda _: captures.BEGINNING) == {"cars": [old, new]}
    assert asked == ["mine/cars/Main/"]
    assert endpoints(lambda _: hour) == {"cars": [new]}
    assert asked[1:] == [f"mine/cars/Main/{hour:%Y/%m/%d/%H}/"]


def test_folders_of_a_time_are_hours_and_whole_days() -> None:
    since, until = datetime(2026, 1, 30, 22, tzinfo=UTC), datetime(2026, 2, 1, 1, 5, tzinfo=UTC)
    assert list(captures.folders(since, until)) == [
        *("2026/01/30/22/", "2026/01/30/23/", "2026/01/31/", "2026/02/01/00/", "2026/02/01/01/")
    ]


def test_a_folder_that_cannot_be_read_keeps_no_other_from_it(watched: Watched) -> None:
    class Broken:
        def look(self, known: object) -> list[Work]:
            raise PermissionError("data/broken")

    watched.watch.sources = [Broken(), *watched.watch.sources]
    watched.put("incoming/a.csv")
    assert watched.look(3) == [["a.csv"]]
    assert watched.noted.count("trouble") == 1


def test_a_run_that_cannot_be_begun_keeps_no_other_from_it(watched: Watched) -> None:
    begin = watched.runs.begin

    def full(work: Work, run: str) -> str:
        watched.runs.begin = begin  # type: ignore[method-assign]
        raise OSError("the disk is full")

    watched.runs.begin = full  # type: ignore[method-assign]
    watched.put("incoming/a.csv"), watched.put("incoming/b.csv")
    assert watched.look(2) == [["b.csv"]]
    assert watched.noted == ["failed", "begun"]


def test_the_end_of_a_watch_stops_its_runs_and_the_next_begins_them_again(watched: Watched) -> None:
    watched.put("incoming/a.csv")
    watched.look(2)
    stop = Event()
    stop.set()
    watched.watch.watch(5.0, stop)
    assert watched.runs.stopped and watched.noted[-1] == "stopped"
    watched.begin()
    assert watched.look(2) == [["a.csv"]]


def test_once_ends_when_all_is_done(watched: Watched) -> None:
    class AtOnce(Runs):
        def begin(self, work: Work, run: str) -> str:
            super().begin(work, run)
            self.end()
            return "a log"

    watched.watch.runner = watched.runs = AtOnce()
    watched.put("incoming/a.csv"), watched.put("incoming/b.csv")
    watched.watch.watch(0.01, Event(), once=True)
    assert watched.runs.taken == [["a.csv"], ["b.csv"]]


def test_a_state_that_is_written_is_never_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "state.json"
    State(file).begin(Work("score", {"a.csv": "1"}, list), "first")
    before = file.read_text()

    def full(_: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        State(file).end("first", "done")
    assert file.read_text() == before


def test_parameters_of_a_person_go_to_the_notebooks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "watch.yaml"
    file.write_text("score: {keep: id, rejects_allowed: 0.2}\ntrain:\n  target: price\n")
    monkeypatch.setattr(paths, "DATA", tmp_path)
    for name in ("incoming", "labelled"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.csv").write_text("x")
    known = State(tmp_path / "state.json")
    found = commands.sources(commands.read(file), timedelta(hours=1))
    looked = [source.look(known) for source in found[:2] for _ in range(2)]
    [score], [train] = [list(work.commands()) for [work] in looked[1::2]]
    assert (score[0], json.loads(score[2])) == (
        "score",
        {"input_data": str(tmp_path / "incoming" / "a.csv"), "keep": "id", "rejects_allowed": 0.2},
    )
    assert train[:2] == ["pipeline", "-f"] and json.loads(train[-1])["target"] == "price"


def test_labels_are_added_and_start_monitoring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "DATA", tmp_path)
    (tmp_path / "labels" / "cars").mkdir(parents=True)
    own, other = tmp_path / "labels" / "own.csv", tmp_path / "labels" / "cars" / "other.csv"
    for file in (own, other):
        file.write_text("id,label\na,1\n")
    source = commands.sources(commands.Parameters(), timedelta(hours=1))[2]
    known = State(tmp_path / "state.json")
    assert source.look(known) == []
    work = {each.pipeline: each.commands() for each in source.look(known)}
    group = registry.group_name("xgboost")
    assert set(work) == {"monitor-cars", f"monitor-{group}"}
    assert work["monitor-cars"][0] == ["labels", str(other), "--endpoint", "cars"]
    assert json.loads(work["monitor-cars"][1][-1]) == {"endpoint": "cars"}
    assert json.loads(work[f"monitor-{group}"][1][-1]) == {"endpoint": group}


@pytest.mark.parametrize("text", ["scores: {}", "score: 3", "- score"])
def test_parameters_that_nobody_would_look_at_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "watch.yaml"
    file.write_text(text)
    with pytest.raises(
        ProjectError, match=r"watch.yaml sets .* it may set parameters of score, tr"
    ):
        commands.read(file)


def test_a_second_watch_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "LOCAL_ROOT", tmp_path)
    with (
        locks.held(tmp_path / "watching" / "watch.lock", ""),
        pytest.raises(SystemExit, match="is being watched by another process"),
    ):
        cli.main(["watch", "--once"])


def test_a_run_leaves_how_it_ended(tmp_path: Path) -> None:
    said = ["sample-data", "--rows", "0"]
    failed = job.carry_out(tmp_path, "train", "second", [said, ["never", "reached"]])
    assert failed.sentence.startswith("rows must be 1 or more")
    assert ending.ending(tmp_path, "train", "second") == failed
    assert ending.ending(tmp_path, "train", "first") is None
    with (
        locks.held(ending.lock_file(tmp_path, "train"), ""),
        pytest.raises(ProjectError, match="train is under way in another process"),
    ):
        job.carry_out(tmp_path, "train", "third", [said])


def test_processes_are_begun_seen_and_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "PROJECT", tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    processes = runner.Processes(tmp_path / "watching", tmp_path / "reports" / "watch")
    log = processes.begin(Work("score", {}, lambda: [["sample-data", "--rows", "0"]]), "first")
    _until(lambda: not processes.is_running("score", "first"))
    ending = processes.ending("score", "first")
    assert ending and ending.sentence.startswith("rows must be 1 or more")
    assert "rows must be 1 or more" in (tmp_path / log).read_text()
    many = ["sample-data", "--rows", "999999999", "--output", str(tmp_path / "many.csv")]
    processes.begin(Work("score", {}, lambda: [many]), "second")
    _until(lambda: any(tmp_path.glob(".many.csv*")))
    later = runner.Processes(tmp_path / "watching", tmp_path / "reports" / "watch")
    assert later.is_running("score", "second") and later.is_busy("score")
    processes.stop()
    assert not later.is_running("score", "second")
    assert later.ending("score", "second") is None
    assert not list(tmp_path.glob("*many.csv*")), "Ctrl-C, not a kill"


def _until(true: object, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.05)


def test_sigterm_ends_it_cleanly(tmp_path: Path) -> None:
    variables = os.environ | {
        "SAGEMAKER_LOCAL_ROOT": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    words = [sys.executable, "-m", paths.PACKAGE.name, "watch", "--every", "60"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=variables) as watching:
        assert watching.stdout
        assert "watching " in watching.stdout.readline()
        watching.send_signal(signal.SIGTERM)
        assert "the watch has ended" in watching.stdout.read()
    assert watching.returncode == 0
