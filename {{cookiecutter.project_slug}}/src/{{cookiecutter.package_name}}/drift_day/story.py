"""The day itself, played in a project of its own by the commands that a person would type.

Run as a module in that project: it writes `reports/index.html` and `reports/story.json`.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .. import cli, paths, registry, sample_data, settings
from ..deployments import hosting
from ..monitoring import findings, watched
from ..runs import record
from ..runs.record import Run
from ..s3 import bucket_and_key
from ..sessions.open import open_session
from . import page, traffic
from .chapters import Retraining, Story, Window
from .traffic import Hour

FAMILY = "xgboost"
TRAINED_ON = Hour("training", 7, rows=4_000)
SHIFTED = ("fuel", "mileage_km")
CALM = Hour("calm", 101)
FIRST = Hour("shifted", 102, 1.0, SHIFTED)
SECOND = Hour("shifted again", 103, 1.0, SHIFTED)
MIXED_UP = Hour("labels mixed up", 104, 1.0, SHIFTED)
# Of the rows of that window have such labels; those on which models are compared come after them.
MIXED_SHARE = 0.6


@dataclass
class Day:
    """The parts of the day, in their order.

    Attributes:
        session: the local one of this project.
        story: what has happened so far.
    """

    session: Any
    story: Story
    _told: int = 0

    def train(self) -> None:
        """Train, approve and deploy, with all requests captured."""
        with self.timed("train"):
            rows = str(TRAINED_ON.rows)
            command("pipeline", "-f", "params/local.yaml", "-p", "sample_rows", rows)
        [run] = record.all_runs()
        self.story.trained = {run.metric: run.metrics["model"][run.metric]}
        with self.timed("deploy"):
            command("registry", "approve", "--version", "1")
            command("endpoints", "deploy", "--capture-percentage", "100")

    def ask(self, hour: Hour) -> None:
        """Have the endpoint asked for an hour."""
        with self.timed(f"{hour.name}: requests"):
            traffic.send(self.session, self.story.endpoint, hour)

    def monitor(self, hour: Hour, **parameters: object) -> None:
        """Look at what was captured in an hour, and keep what came of it."""
        with self.timed(f"{hour.name}: monitor"):
            looked, trained = self.monitored(parameters)
        known = {each.name: each for each in self.story.windows}
        window = self.window(hour, looked)
        if before := known.get(hour.name):
            window = replace(window, alerts=(*before.alerts, *window.alerts))
        self.story.windows = list({**known, hour.name: window}.values())
        if trained:
            self.story.retrainings.append(self.retraining(hour, trained))

    def monitored(self, parameters: Mapping[str, object]) -> tuple[Run, Run | None]:
        """Run notebook 06; gives its run, and that of the retraining that it started, if any."""
        before = {run.name for run in record.all_runs()}
        given = {"endpoint": self.story.endpoint, **parameters}
        words = [word for name, value in given.items() for word in ("-p", name, str(value))]
        command("monitor", *words)
        new = [run for run in record.all_runs() if run.name not in before]
        [looked] = [run for run in new if not run.is_training]
        return looked, next((run for run in new if run.is_training), None)

    def window(self, hour: Hour, looked: Run) -> Window:
        """What a monitoring run has found."""
        found = json.loads((looked.folder / findings.RECORD).read_text(encoding="utf-8"))
        begin, end = found["window"]["start"], found["window"]["end"]
        [entry] = [each for each in self.history() if each["end"] == end]
        return Window(
            hour.name,
            tuple(sorted(hour.columns)),
            found["window"]["rows"],
            entry["drift"],
            entry["violations"],
            found["quality"].get("metrics", {}),
            begin,
            end,
            f"monitoring/{self.story.endpoint}-{datetime.fromisoformat(end):%Y%m%d-%H%M%S}.html",
            tuple(self.new_alerts()),
        )

    def retraining(self, hour: Hour, trained: Run) -> Retraining:
        """What came of a challenger."""
        registered = trained.lineage["model_packages"]
        gate = trained.metrics["gate"]
        return Retraining(
            "mixed-up labels" if hour is MIXED_UP else "true labels",
            trained.metric,
            gate["value"],
            gate["champion_value"],
            int(registered[0].rpartition("/")[2]) if registered else 0,
            gate["message"],
        )

    def history(self) -> list[dict[str, Any]]:
        """What the monitoring keeps of each window, the newest last."""
        folder = watched.folder(self.session, self.story.endpoint)
        bucket, key = bucket_and_key(f"{folder}/state/history.json")
        return list(json.loads(self.session.read_s3_file(bucket, key))["windows"])

    def new_alerts(self) -> list[Mapping[str, str]]:
        """Messages that went out since this was asked last."""
        file = paths.REPORTS / "alerts.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
        new, self._told = lines[self._told :], len(lines)
        return [json.loads(line) for line in new]

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Note the seconds of a part, and say that it begins."""
        print(f"\n--- {part}", flush=True)
        began = time.monotonic()
        yield
        self.story.seconds[part] = round(time.monotonic() - began, 1)


def command(*words: str) -> None:
    """A command of this project, as a person types it, in this process."""
    print(f"$ python -m {settings.PACKAGE} {' '.join(words)}", flush=True)
    cli.main(list(words))


def play() -> Story:
    """The whole day."""
    target = sample_data.TARGETS[settings.PROBLEM_TYPE]
    endpoint = hosting.endpoint_name(registry.group_name(FAMILY))
    day = Day(open_session("local", warm=False), Story(settings.PROBLEM_TYPE, target, endpoint))
    day.train()
    for hour in (CALM, FIRST, SECOND):
        day.ask(hour)
        day.monitor(hour)
    labels = traffic.write_labels(paths.DATA / "labels.csv", [FIRST, SECOND])
    command("labels", str(labels), "--endpoint", endpoint)
    last = day.story.windows[-1]
    day.monitor(SECOND, window=f"{last.begin}/{last.end}", retrain="drift")
    with day.timed("deploy version 2"):
        command("registry", "approve", "--version", "2", "--deploy")
    day.ask(MIXED_UP)
    mixed_up = MIXED_UP.identifiers()[: int(MIXED_SHARE * MIXED_UP.rows)]
    labels = traffic.write_labels(paths.DATA / "mixed_up.csv", [MIXED_UP], mixed_up)
    day.monitor(MIXED_UP, ground_truth=labels, retrain="now")
    return day.story


def main() -> None:
    """Play the day, and write what it has come to."""
    story = play()
    story.write(paths.REPORTS / "story.json")
    text = page.page(story, TRAINED_ON.listings(), SECOND.listings())
    (paths.REPORTS / "index.html").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
