"""One run of a tuning job: its tries side by side, and what became of them."""

from __future__ import annotations

import math
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from time import monotonic

from sagemaker_local.errors import StepFailure
from sagemaker_local.jobs import algorithm, checkpoints, training, tuning_search
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.jobs.kind import JobContext
from sagemaker_local.jobs.tuning_trials import (
    best_first,
    config_of,
    counters,
    not_improving,
    objective,
    summary,
)
from sagemaker_local.names import tuned_job_name
from sagemaker_local.processes.launcher import Stopped
from sagemaker_local.processes.runner import Command
from sagemaker_local.service_model import members
from sagemaker_local.storage.store import Document, members_of, now

RESOURCE = "hyper-parameter-tuning-job"
# The hyperparameter with which the service tells a training job what is tuned for.
OBJECTIVE = "_tuning_objective_metric"
_FAILURES_BEFORE_SUCCESS = 5


class TuningRun:
    """One run of a tuning job. Its tries run in threads, which tell here how they ended."""

    def __init__(self, job: Document, context: JobContext) -> None:
        self._job = job
        self._context = context
        self._name = str(job["HyperParameterTuningJobName"])
        self._config = config_of(job)
        self._metric = str(self._config["HyperParameterTuningJobObjective"]["MetricName"])
        self._search = tuning_search.search(self._config)
        limits = self._config["ResourceLimits"]
        self._parallel = min(int(limits["MaxParallelTrainingJobs"]), self._search.total)
        self._deadline = monotonic() + limits.get("MaxRuntimeInSeconds", math.inf)
        self._children: dict[str, Document] = {}
        self._values: list[float] = []  # objectives, as they became known
        self._enough = False
        self._lock = threading.Lock()

    def run(self) -> Document:
        limits = self._config["ResourceLimits"] | {"MaxNumberOfTrainingJobs": self._search.total}
        self._save({"HyperParameterTuningJobConfig": self._config | {"ResourceLimits": limits}})
        with ThreadPoolExecutor(self._parallel, "tuning") as pool:
            try:
                self._try(pool)
            finally:
                self._enough = True  # what still waits for its turn does not get it
        if not self._values:
            raise StepFailure(self._why_no_objective())
        return self._progress()

    def _try(self, pool: ThreadPoolExecutor) -> None:
        """Start the tries in order, as far ahead of the known results as the search allows."""
        tries: list[Future[float | None]] = []
        while len(tries) < self._search.total and not self._over:
            if len(tries) >= self._search.lookahead:
                self._search.tell(tries[len(tries) - self._search.lookahead].result())
            tries.append(pool.submit(self._train, len(tries) + 1, self._search.ask()))
        for attempt in tries:
            attempt.result()

    @property
    def _over(self) -> bool:
        return self._enough or monotonic() > self._deadline

    def _train(self, number: int, tuned: dict[str, str]) -> float | None:
        """Run one try to its end; gives its objective.

        Raises:
            Stopped: everything is stopped.
        """
        if self._over:
            return None
        name = tuned_job_name(self._name, number)
        request = self._request(name, tuned)
        with self._lock:
            self._note(name, {"TrainingJobStatus": "InProgress"})
        failure = ""
        try:
            self._context.run_job(training.KIND, name, request, self._launch)
        except Stopped:
            self._enough = True
            raise
        except Exception as error:  # the training job says what it was; the next one may do better
            failure = str(error)
        finally:
            child = self._context.store.resource(training.KIND.resource, name)
            self._ended(name, child or {"TrainingJobStatus": "Failed", "FailureReason": failure})
        return objective(self._job, self._children[name])

    def _request(self, name: str, tuned: dict[str, str]) -> Document:
        definition = self._job["TrainingJobDefinition"]
        return {
            **members_of(definition, tuple(members("CreateTrainingJobRequest"))),
            "HyperParameters": {
                **definition.get("StaticHyperParameters", {}),
                **tuned,
                OBJECTIVE: self._metric,
            },
            "TuningJobArn": self._job["HyperParameterTuningJobArn"],
            **checkpoints.of_trial(definition, name),
        }

    def _launch(self, command: Command) -> int:
        at_once = self._parallel * command.side_by_side
        return self._context.launch(replace(command, side_by_side=at_once))

    def _ended(self, name: str, child: Document) -> None:
        value = objective(self._job, child)
        with self._lock:
            if value is not None:
                self._values.append(value)
            self._note(name, child)
            self._say(self._line(child, value))
            self._enough = self._enough or self._is_enough()

    def _note(self, name: str, child: Document) -> None:
        """Keep what became of a try, so that Describe shows it while the others run."""
        self._children[name] = child
        self._save(self._progress())

    def _progress(self) -> Document:
        children = list(self._children.values())
        found = counters(self._job, children)
        ranked = best_first(self._job, children)
        if ranked:
            found["BestTrainingJob"] = summary(self._job, ranked[0])
            stale = not_improving(self._values, tuning_search.minimizes(self._config))
            found["TuningJobCompletionDetails"] = {
                "NumberOfTrainingJobsObjectiveNotImproving": stale
            }
        return found

    def _save(self, progress: Document) -> None:
        """Write into the stored job what is new, and leave alone what others wrote there."""
        store, progress = self._context.store, progress | {"LastModifiedTime": now()}
        self._job |= progress
        with store.transaction():
            stored = store.resource(RESOURCE, self._name) or self._job
            store.update_resource(RESOURCE, self._name, stored | progress)

    def _is_enough(self) -> bool:
        """Do the completion criteria, or the failures, say that no further try is needed?"""
        found = self._job["TrainingJobStatusCounters"]
        if not found["Completed"] and found["NonRetryableError"] >= _FAILURES_BEFORE_SUCCESS:
            return True
        if not self._values:
            return False
        criteria = self._config.get("TuningJobCompletionCriteria", {})
        target = criteria.get("TargetObjectiveMetricValue")
        minimize = tuning_search.minimizes(self._config)
        if target is not None:
            reached = min(self._values) <= target if minimize else max(self._values) >= target
            if reached:
                return True
        patience = criteria.get("BestObjectiveNotImproving", {}).get(
            "MaxNumberOfTrainingJobsNotImproving", math.inf
        )
        return bool(not_improving(self._values, minimize) >= patience)

    def _line(self, child: Document, value: float | None) -> str:
        """How a try ended, for people who watch the log."""
        found = self._job["TrainingJobStatusCounters"]
        ended = sum(found.values()) - found["InProgress"]
        start = f"{ended} of {self._search.total}:"
        if child["TrainingJobStatus"] != "Completed":
            reason = child.get("FailureReason", "")
            return f"{start} {child['TrainingJobStatus'].lower()}: {reason}".rstrip(": ")
        tuned = members_of(child["HyperParameters"], tuning_search.tuned_names(self._config))
        tried = " ".join(f"{name}={text}" for name, text in tuned.items())
        if value is None:
            return f"{start} no {self._metric} in the log of {child['TrainingJobName']}, {tried}"
        best = self._job["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
        return f"{start} {self._metric} {value:g} (best {best:g}) {tried}"

    def _say(self, line: str) -> None:
        with self._context.folder.log.open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")

    def _why_no_objective(self) -> str:
        children = sorted(self._children.items(), key=lambda item: item[0])
        completed = [name for name, child in children if child["TrainingJobStatus"] == "Completed"]
        if not completed:
            name, child = children[0]
            return (
                f"No training job succeeded after {len(children)} attempts; the first, {name}, "
                f"failed: {child.get('FailureReason', '')}"
            )
        specification = self._job["TrainingJobDefinition"]["AlgorithmSpecification"]
        found = algorithm.of(specification.get("TrainingImage"))
        own = found.definitions if found else {}
        given = {m["Name"]: m["Regex"] for m in specification.get("MetricDefinitions", [])}
        regexes = {name: regex for name, regex in given.items() if own.get(name) != regex}
        log = JobFolder(self._context.folder.path.with_name(completed[0])).log
        missed = f"No training job printed the objective {self._metric!r}"
        if self._metric in regexes:
            regex = regexes[self._metric]
            return f"{missed}: its Regex {regex!r} finds no number in their logs, such as {log}"
        line = f"{found.name}'s such as {found.line(self._metric)}" if found else "it"
        return f"{missed}: no log, such as {log}, has a line of {line}"
