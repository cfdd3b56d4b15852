"""One execution of a pipeline: steps that are ready run side by side until none is left.

It runs in a thread of the process that started it, which the store names as its owner; when that
process dies, whoever looks next marks the execution as interrupted, and a retry goes on from what
had succeeded.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from sagemaker_local.cache.signature import Signer
from sagemaker_local.cache.step_cache import Decision, Question, StepCache
from sagemaker_local.definition.document import Definition, Step
from sagemaker_local.definition.expressions import resolve
from sagemaker_local.definition.graph import Graph
from sagemaker_local.errors import LocalError
from sagemaker_local.executions.context import ExecutionContext
from sagemaker_local.executions.retries import Retries
from sagemaker_local.jobs.jobs import Jobs
from sagemaker_local.processes.debug import DebugRunner, InlineExecutor
from sagemaker_local.processes.launcher import Launcher, Stopped
from sagemaker_local.processes.owner import this_process
from sagemaker_local.processes.runner import Runner
from sagemaker_local.registry.packages import Registry
from sagemaker_local.steps.functions import Functions
from sagemaker_local.steps.results import Results, StepResult
from sagemaker_local.steps.step_types import INSTANT, StepRunner
from sagemaker_local.storage.store import Document, Store, now

LEASE_SECONDS = 15.0
_RENEW_SECONDS = 1.0
_MAX_REASON = 1024
_MAX_MESSAGE = 3072
_FAILED = "Step failure: One or multiple steps failed."

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Machine:
    """What executions share: state, registry, jobs, and the way to start a process.

    Attributes:
        functions: what Lambda steps call.
        debug: True, or a step's name: its scripts run in the process that starts an execution.
    """

    store: Store
    registry: Registry
    jobs: Jobs
    runner: Runner
    functions: Functions = field(default_factory=dict)
    debug: bool | str = False

    @property
    def results(self) -> Results:
        return Results(self.store, self.jobs, self.registry)


@dataclass(frozen=True)
class Assignment:
    """What an execution has to do.

    Attributes:
        arn: the execution's.
        pipeline: the pipeline's name.
        definition: its steps.
        parameters: the value of each parameter.
        variables: values of ``Execution.<name>``.
        parallel: how many steps may run at once.
        finished: results of steps that need not run: they succeeded before.
        left_out: steps that must not run: they were not selected.
    """

    arn: str
    pipeline: str
    definition: Definition
    parameters: dict[str, Any]
    variables: dict[str, Any]
    parallel: int
    finished: dict[str, StepResult] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()


class Execution:
    """Runs an assignment; ``start`` returns at once, unless a step is to be debugged.

    Args:
        when_stored: is called with this once its end is in the state.
    """

    def __init__(
        self,
        machine: Machine,
        assignment: Assignment,
        document: Document,
        when_stored: Callable[[Execution], None],
    ) -> None:
        self.arn = assignment.arn
        self._machine = machine
        self._task = assignment
        self._when_stored = when_stored
        self._document = document
        self._graph = Graph(assignment.definition)
        for name in assignment.left_out:
            self._graph.drop(name)
        self._context = ExecutionContext(
            machine.jobs.bucket,
            assignment.definition,
            assignment.parameters,
            assignment.variables,
        )
        execution_id = assignment.variables["PipelineExecutionId"]
        runner = DebugRunner(machine.runner, self._debugs) if machine.debug else machine.runner
        self._debugged = ""
        self._launcher = Launcher(runner, lambda: self._side_by_side)
        self._steps = StepRunner(
            machine.jobs,
            machine.registry,
            machine.store,
            execution_id,
            self._launcher.run,
            self._created,
            machine.functions,
        )
        signer = Signer(machine.jobs.bucket, machine.store)
        self._cache = StepCache(machine.store, signer, assignment.pipeline, machine.results)
        self._documents: dict[str, Document] = {}
        self._lock = threading.Lock()
        self._stopping = False
        self._over = False
        self._ended_and_stored = False
        self._failed = False
        self._ended_by_fail_step = False
        self._lease_renewed = 0.0
        self._side_by_side = 1
        self._thread = threading.Thread(target=self._run, name=f"execution {execution_id}")
        self._thread.daemon = True

    def start(self) -> None:
        if self._machine.debug:
            self._run()
        else:
            self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether its end is still to be stored by this process."""
        return not self._ended_and_stored

    def join(self) -> None:
        self._thread.join()

    def stop(self) -> None:
        """End running jobs and start nothing more; the execution becomes Stopped."""
        with self._lock:
            if self._over:
                return
            self._stopping = True
            self._save("Stopping")
        self._launcher.stop()

    def _run(self) -> None:
        try:
            self._run_steps()
        except Exception:
            logger.exception("The execution %s broke off", self.arn)
            self._failed = True
        with self._lock:  # a stop that comes now must not write over the ending
            self._over = True
            status = "Stopped" if self._stopping else "Failed" if self._failed else "Succeeded"
            if status == "Failed":
                self._document["FailureReason"] = _FAILED
            try:
                with self._machine.store.transaction("execution ended"):
                    self._save(status)
                self._when_stored(self)
            except LocalError as error:  # the next look finds an execution that nobody runs
                logger.error("The execution %s ended as %s, unstored: %s", self.arn, status, error)
            finally:
                self._ended_and_stored = True

    def _run_steps(self) -> None:
        running: dict[Future[StepResult], Step] = {}
        ready: list[Step] = []
        with self._executor() as pool:
            while True:
                ready += self._take_ready()
                self._side_by_side = max(1, min(self._task.parallel, len(running) + len(ready)))
                while ready and len(running) < self._task.parallel and not self._closed:
                    step = ready.pop(0)
                    running[pool.submit(self._run_step, step)] = step
                if not running:
                    return
                self._renew_lease()
                done, _ = wait(running, timeout=_RENEW_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    self._ended(running.pop(future), future)

    def _debugs(self) -> bool:
        return self._machine.debug in (True, self._debugged)

    def _executor(self) -> Executor:
        if self._machine.debug:
            return InlineExecutor()
        return ThreadPoolExecutor(self._task.parallel, "step")

    def _take_ready(self) -> list[Step]:
        """Steps that may start now; those that succeeded before are passed over, not run."""
        ready = []
        pending = self._graph.take_ready()
        while pending:
            step = pending.pop(0)
            result = self._task.finished.get(step.name)
            if result is None:
                ready.append(step)
                continue
            self._context.described[step.name] = result.described
            self._graph.succeeded(step.name, result.outcome)
            pending += self._graph.take_ready()
        return ready

    @property
    def _closed(self) -> bool:
        return self._stopping or self._ended_by_fail_step

    def _ended(self, step: Step, future: Future[StepResult]) -> None:
        error = future.exception()
        if error is None:
            result = future.result()
            self._context.described[step.name] = result.described
            self._graph.succeeded(step.name, result.outcome)
            return
        self._graph.blocked(step.name)
        if not isinstance(error, Stopped):
            self._failed = True
            self._ended_by_fail_step |= step.type == "Fail"

    def _run_step(self, step: Step) -> StepResult:
        """Run a step to its end, in a thread of the pool; its ending is stored before it is known.

        Raises:
            LocalError: it failed or was stopped.
        """
        self._debugged = step.name
        self._started(step)
        try:
            arguments = resolve(step.arguments, self._context)
            if step.type in INSTANT:
                return self._attempts(step, lambda: self._run_at_once(step, arguments))
            decision = self._decision(step, arguments)
            if decision is not None and decision.result is not None:
                result = decision.result
            else:
                result = self._attempts(step, lambda: self._steps.run(step, arguments))
            return self._succeeded(step, result, decision)
        except BaseException as error:
            self._save_failure(step, error)
            raise

    def _run_at_once(self, step: Step, arguments: dict[str, Any]) -> StepResult:
        with self._machine.store.transaction("step ended"):
            return self._succeeded(step, self._steps.run(step, arguments), None)

    def _decision(self, step: Step, arguments: dict[str, Any]) -> Decision | None:
        if step.cache is None:
            return None
        return self._cache.decide(Question(step.name, step.type, arguments, step.cache))

    def _attempts(self, step: Step, attempt: Callable[[], StepResult]) -> StepResult:
        retries, started = Retries(step.retries), self._documents[step.name]
        while True:
            try:
                return attempt()
            except Stopped:
                raise
            except Exception as error:
                delay = retries.delay_after(error)
                if delay is None:
                    raise
                logger.warning("step %s is tried again in %g s: %s", step.name, delay, error)
            self._launcher.pause(delay)
            self._save_step(step, started | {"AttemptCount": 1 + retries.count})

    def _started(self, step: Step) -> None:
        document: Document = {
            "StepName": step.name,
            "StartTime": now(),
            "StepStatus": "Executing",
            "AttemptCount": 1,
        }
        if step.display_name:
            document["StepDisplayName"] = step.display_name
        if step.description:
            document["StepDescription"] = step.description
        with self._machine.store.transaction("step started"):
            self._save_step(step, document)

    def _created(self, step: Step, metadata: Document) -> None:
        self._save_step(step, self._documents[step.name] | {"Metadata": metadata})

    def _succeeded(self, step: Step, result: StepResult, decision: Decision | None) -> StepResult:
        # Before the transaction: outputs are read for this, and nobody else could write meanwhile.
        signature = self._cache.record(self.arn, decision, result) if decision else None
        ended = {"EndTime": now(), "StepStatus": "Succeeded", "Metadata": result.metadata}
        document = self._documents[step.name] | ended
        if decision is not None and decision.source:
            document["CacheHitResult"] = {"SourcePipelineExecutionArn": decision.source}
        with self._machine.store.transaction("step ended"):
            if signature is not None:
                self._machine.store.put_signature(signature)
            self._save_step(step, document)
        return result

    def _save_failure(self, step: Step, error: BaseException) -> None:
        document = self._documents[step.name] | {"EndTime": now(), "StepStatus": "Failed"}
        if isinstance(error, Stopped):
            document["StepStatus"] = "Stopped"
        else:
            if step.type == "Fail":
                document["Metadata"] = {"Fail": {"ErrorMessage": str(error)[:_MAX_MESSAGE]}}
            reason = _reason(step, error)
            if reason:
                document["FailureReason"] = reason[:_MAX_REASON]
        with self._machine.store.transaction("step ended"):
            self._save_step(step, document)

    def _save_step(self, step: Step, document: Document) -> None:
        self._documents[step.name] = document
        self._machine.store.put_step(self.arn, step.name, document)

    def _save(self, status: str) -> None:
        self._document["LastModifiedTime"] = now()
        self._machine.store.update_execution(self.arn, status, self._document)

    def _renew_lease(self) -> None:
        """Tell others that the owner lives, and hear whether one of them asked it to stop."""
        if time.monotonic() - self._lease_renewed < _RENEW_SECONDS:
            return
        until = time.time() + LEASE_SECONDS
        self._lease_renewed = time.monotonic()
        try:
            status = self._machine.store.renew_lease(self.arn, until, this_process())
        except LocalError as error:  # steps go on: the disk may have room again in a second
            logger.warning("The execution %s is not renewed: %s", self.arn, error)
            return
        if status == "Stopping" and not self._stopping:
            self.stop()


def _reason(step: Step, error: BaseException) -> str:
    if step.type == "Fail":
        return str(error)
    if isinstance(error, LocalError):
        return f"ClientError: {error}"
    if isinstance(error, OSError):
        return f"ClientError: {error.strerror or error}: {error.filename or 'no file name'}"
    logger.error("step %s failed inside the engine", step.name, exc_info=error)
    return f"InternalServerError: {type(error).__name__}: {error}"
