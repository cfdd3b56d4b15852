"""Retraining a watched model: whether, on what, and what came of it.

It is started by quality, or by drift in n of m windows. The run is one of notebook 03, with the
champion's own parameters: its gate compares both models on the newest labelled rows.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from .. import paths, registry, settings
from ..deployments import deploy as deployments
from ..errors import ProjectError
from ..runs import record
from . import alerts, champion_run, events, telling, training_rows
from .alert_settings import SILENCE
from .alerts import Message
from .findings import Findings
from .watched import Watched
from .windows import Rule, Window, standing

NEVER, QUALITY, DRIFT, NOW = "never", "quality", "drift", "now"
CHOICES = (NEVER, QUALITY, DRIFT, NOW)
REGISTERED, REJECTED, FAILED, REFUSED = "registered", "rejected", "failed", "refused"
GATE = "MissedGate"  # the step of notebook 03 that rejects a model
Say = Callable[[str], None]


@dataclass(frozen=True)
class Cause:
    """Why a model is to be retrained.

    Attributes:
        text: as a clause.
        since: the end of the first window that showed it; "": nobody asks since when.
    """

    text: str
    since: str = ""


@dataclass(frozen=True)
class Outcome:
    """What came of a retraining.

    Attributes:
        what: one of this module's words.
        text: what there is to say.
        run: its name, or "".
        package: ARN of the version that was registered, or "".
    """

    what: str
    text: str
    run: str = ""
    package: str = ""


def cause(choice: str, entries: Sequence[Mapping[str, Any]], found: Findings) -> Cause | None:
    """Why a model is to be retrained after a window; None where there is no cause.

    Args:
        choice: never, quality (a metric out of bounds in this window), drift (a column out of
            bounds in n of m windows), or now.
        entries: the windows of ``history.json``, the newest last.
        found: in this window; later ones are not looked at.
    """
    if choice == NOW:
        return Cause("it was asked for")
    end = found.window["end"]
    windows = [Window.of(each) for each in entries if each["end"] <= end]
    if choice == QUALITY:
        worse = {v["metric_name"]: v["description"] for v in found.violations if "metric_name" in v}
        known = standing(Rule(1, 1), windows)
        since = {name: known[name].since if name in known else end for name in worse}
    elif choice == DRIFT:
        drifted = standing(alerts.settings().rule(), windows)
        worse = {name: each.text for name, each in drifted.items() if not each.is_metric}
        since = {name: drifted[name].since for name in worse}
    else:
        return None
    said = "; ".join(f"{name}: {text}" for name, text in worse.items())
    return Cause(said, max(since.values())) if worse else None


DONE = (events.RETRAINED, events.REJECTED)


def done_since(session: Any, name: str, found: Cause, kinds: Sequence[str] = DONE) -> str:
    """What has come of the same cause already, a retraining unless told otherwise, or ""."""
    for each in reversed(events.of(session, name)):
        if found.since and each.kind in kinds:
            if datetime.fromisoformat(each.time) >= datetime.fromisoformat(found.since):
                return each.text
            break
    return ""


@dataclass(frozen=True)
class Order:
    """A retraining that is to be carried out.

    Attributes:
        session: local or managed.
        seen: what is watched.
        quality_uri: folder that the quality task has left.
        newest_share: of the labelled rows, on which both models are compared.
        deploy: whether a model that wins is approved and deployed, with the smoke check.
        links: where to look, by what is there.
    """

    session: Any
    seen: Watched
    quality_uri: str
    newest_share: float = 0.3
    deploy: bool = False
    links: Mapping[str, str] = field(default_factory=dict)

    def carry_out(self, found: Cause, end: str, say: Say = print) -> Outcome:
        """Retrain, remember it, and tell of it.

        Args:
            found: why.
            end: when the window ended, for names of files.
            say: is told what happens.

        Raises:
            ProjectError: the run failed in another way than by the gate; that is told, too.
        """
        if earlier := done_since(self.session, self.seen.name, found):
            return Outcome(REFUSED, f"nothing new to retrain for: {earlier}")
        try:
            champion = champion_run.of_package(self.session, self.seen.package)
            rows = self._rows(champion, end)
            asked = champion.again(rows.train_uri, rows.test_uri) | self._here()
        except ProjectError as error:
            return self._refused(found, f"not retrained: {error}")
        say(
            f"retraining {registry.version_name(self.seen.package)} ({found.text}): "
            f"{rows.older:,} labelled rows more; both models are compared on the {rows.newest:,} "
            "newest"
        )
        outcome = self.settled(ended(rows.train_uri, execute(asked, say)), found, say)
        if outcome.what == FAILED:
            raise ProjectError(outcome.text)
        return outcome

    def settled(self, outcome: Outcome, found: Cause, say: Say = print) -> Outcome:
        """Have a winner be served, if that is asked for; remember what came of a run, and tell."""
        if outcome.what == REGISTERED and self.deploy:
            outcome = self._deployed(outcome, say)
        self._tell(found, outcome)
        return outcome

    def _refused(self, found: Cause, text: str) -> Outcome:
        """Nothing to learn from: people are told once for each cause, not with each window."""
        outcome = Outcome(REFUSED, text)
        if found.since and not done_since(
            self.session, self.seen.name, found, (*DONE, events.REFUSED)
        ):
            self._tell(found, outcome)
        return outcome

    def _rows(self, champion: champion_run.ChampionRun, end: str) -> training_rows.Rows:
        return training_rows.put_together(
            self.session,
            champion.data,
            training_rows.labelled(self.session, self.quality_uri),
            champion.signature["target"],
            self.newest_share,
            "window-" + "".join(letter for letter in end[:19] if letter.isalnum()),
        )

    def _here(self) -> dict[str, Any]:
        """Parameters of the session, and of what becomes of the new version."""
        managed = not self.session.runs_here
        return {
            "session": "managed" if managed else "local",
            "role": self.session.role if managed else "",
            "bucket": self.session.default_bucket() if managed else "",
            "prefix": self.session.default_bucket_prefix,
            "approval_status": registry.PENDING,
            "deploy": False,
        }

    def _deployed(self, outcome: Outcome, say: Say) -> Outcome:
        """Approve a version, and have the endpoint that is watched serve it, if it is one."""
        package = registry.describe(self.session, outcome.package)
        asked = package["ModelPackageGroupName"], package["ModelPackageVersion"]
        try:
            if self.seen.is_endpoint:
                deployments.approve(self.session, *asked, say=say, endpoint=self.seen.name)
            else:
                registry.approve(self.session, *asked)
        except ProjectError as error:
            now = registry.describe(self.session, outcome.package)["ModelApprovalStatus"]
            what = REJECTED if now == registry.REJECTED else outcome.what
            return replace(outcome, what=what, text=f"{outcome.text}, but is {now}: {error}")
        done = "deployed" if self.seen.is_endpoint else "approved"
        return replace(outcome, text=f"{outcome.text}, and {done}")

    def _tell(self, found: Cause, outcome: Outcome) -> None:
        kinds = {
            REGISTERED: events.RETRAINED,
            REJECTED: events.REJECTED,
            REFUSED: events.REFUSED,
        }
        name = self.seen.name
        if outcome.what in kinds:
            events.add(self.session, name, kinds[outcome.what], outcome.text)
        lines = [outcome.text, f"because {found.text}"]
        lines += [f"since {telling.shown(found.since)}"] if found.since else []
        lines += [f"run: reports/runs/{outcome.run}"] if outcome.run else []
        lines += [f"{what}: {where}" for what, where in self.links.items()]
        subject = {
            REGISTERED: "retrained",
            REJECTED: "retrained, and the new model is rejected",
            FAILED: "retraining has failed",
            REFUSED: "not retrained",
        }[outcome.what]
        alerts.tell(self.session, Message(f"{name}: {subject}", "\n".join(lines)))


def execute(parameters: Mapping[str, Any], say: Say = print) -> str:
    """Run notebook 03 as ``python -m <package> pipeline`` does.

    Returns:
        The sentence with which it failed, or "".
    """
    with tempfile.TemporaryDirectory() as folder:
        file = champion_run.as_file(parameters, Path(folder))
        words = [sys.executable, "-m", settings.PACKAGE, "pipeline", "-f", str(file)]
        errors = Path(folder, "errors")
        with (
            errors.open("w", encoding="utf-8") as said,
            subprocess.Popen(
                words,
                cwd=paths.PROJECT,
                env=os.environ | {SILENCE: "none", "PYTHONUNBUFFERED": "1"},  # told of once
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                encoding="utf-8",
            ) as process,
        ):
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    say(line.rstrip("\n"))
            except BaseException:  # an interrupt, above all: it stops its execution, too
                process.send_signal(signal.SIGINT)
                raise
        lines = errors.read_text(encoding="utf-8").strip().splitlines()
    return (lines[-1] if lines else "the run ended early") if process.returncode else ""


def ended(train_uri: str, failure: str) -> Outcome:
    """What came of a run.

    Args:
        train_uri: what it was trained on, which no other run was.
        failure: the sentence with which it failed, or "".
    """
    runs = (each for each in record.all_runs() if each.lineage.get("data_uri") == train_uri)
    run = next(runs, None)
    if run is None:
        return Outcome(FAILED, failure or "the retraining started no execution")
    packages = run.lineage.get("model_packages", [])
    if not failure and packages:
        version = "/".join(packages[0].split("/")[-2:])
        return Outcome(REGISTERED, f"{version} is registered: {beside(run)}", run.name, packages[0])
    by_gate = any(each["name"].startswith(GATE) for each in run.lineage.get("steps", []))
    reason = str(run.lineage.get("reason") or failure)
    if by_gate:
        return Outcome(REJECTED, f"{reason.rpartition(f'{GATE}: ')[2]} ({beside(run)})", run.name)
    return Outcome(FAILED, reason, run.name)


def beside(run: record.Run) -> str:
    """The new model beside the champion, by the metric that decides."""
    new, champion = run.metrics["model"], run.metrics.get("champion", {})
    known = f"{run.metric} {new[run.metric]:.4g}"
    if run.metric in champion:
        known += f", the champion's {champion[run.metric]:.4g}"
    return f"{known} on {run.metrics['rows']:,} rows"
