"""One execution of a pipeline: steps that are ready run side by side until none is left.

It runs in a thread of the process that started it, which the store names as its owner; when that
process dies, whoever looks next marks the execution as interrupted, and a retry goes on from what
had succeeded.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait

from sagemaker_local.definition.document import Step
from sagemaker_local.definition.graph import Graph
from sagemaker_local.engine import Engine
from sagemaker_local.errors import LocalError
from sagemaker_local.executions.context import ExecutionContext
from sagemaker_local.executions.liveness import forget
from sagemaker_local.executions.records import ExecutionRecords
from sagemaker_local.executions.step_runs import Assignment, StepRuns
from sagemaker_local.processes.debug import DebugRunner, InlineExecutor
from sagemaker_local.processes.launcher import Launcher, Stopped
from sagemaker_local.processes.owner import this_process
from sagemaker_local.steps.step_type import StepResult
from sagemaker_local.steps.step_types import STEP_TYPES
from sagemaker_local.storage.store import Document, now

LEASE_SECONDS = 15.0
_RENEW_SECONDS = 1.0
_FAILED = "Step failure: One or multiple steps failed."

logger = logging.getLogger(__name__)


class Execution:
    """An execution that runs in this process.

    ``start`` returns at once, unless a step is to be debugged.
    """

    def __init__(self, engine: Engine, assignment: Assignment, document: Document) -> None:
        self._engine = engine
        self._records = ExecutionRecords(engine.store)
        self._task = assignment
        self.arn = assignment.arn
        self._document = document
        self._graph = Graph(assignment.definition)
        for name in assignment.left_out:
            self._graph.drop(name)
        context = ExecutionContext(
            engine.bucket, assignment.definition, assignment.parameters, assignment.variables
        )
        self._described = context.described
        runner = DebugRunner(engine.runner, self._debugs) if engine.debug else engine.runner
        self._launcher = Launcher(runner, lambda: self._side_by_side, engine.job_variables)
        self._steps = StepRuns(engine, assignment, context, self._launcher)
        self._lock = threading.Lock()
        self._stopping = False
        self._over = False
        self._ended_and_stored = False
        self._failed = False
        self._ended_by_fail_step = False
        self._lease_renewed = 0.0
        self._side_by_side = 1
        name = f"execution {assignment.variables['PipelineExecutionId']}"
        self._thread = threading.Thread(target=self._run, name=name)
        self._thread.daemon = True

    def start(self) -> None:
        if self._engine.debug:
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
        except BaseException:  # a person's interrupt: a debugged step runs in their own thread
            self._failed = True
            raise
        finally:
            self._end()

    def _end(self) -> None:
        with self._lock:  # a stop that comes now must not write over the ending
            self._over = True
            status = "Stopped" if self._stopping else "Failed" if self._failed else "Succeeded"
            if status == "Failed":
                self._document["FailureReason"] = _FAILED
            try:
                with self._engine.store.transaction("execution ended"):
                    self._save(status)
                forget(self.arn, self)
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
                    running[pool.submit(self._steps.run, step)] = step
                if not running:
                    return
                self._renew_lease()
                done, _ = wait(running, timeout=_RENEW_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    self._ended(running.pop(future), future)

    def _debugs(self) -> bool:
        return self._engine.debug in (True, self._steps.newest)

    def _executor(self) -> Executor:
        if self._engine.debug:
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
            self._described[step.name] = result.described
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
            self._described[step.name] = result.described
            self._graph.succeeded(step.name, result.outcome)
            return
        self._graph.blocked(step.name)
        if not isinstance(error, Stopped):
            self._failed = True
            self._ended_by_fail_step |= STEP_TYPES[step.type].ends_execution

    def _save(self, status: str) -> None:
        with self._engine.store.transaction():
            self._document |= self._records.called(self.arn)
            self._document["LastModifiedTime"] = now()
            self._records.update(self.arn, status, self._document)

    def _renew_lease(self) -> None:
        """Tell others that the owner lives, and hear whether one of them asked it to stop."""
        if time.monotonic() - self._lease_renewed < _RENEW_SECONDS:
            return
        until = time.time() + LEASE_SECONDS
        self._lease_renewed = time.monotonic()
        try:
            status = self._records.renew_lease(self.arn, until, this_process())
        except LocalError as error:  # steps go on: the disk may have room again in a second
            logger.warning("The execution %s is not renewed: %s", self.arn, error)
            return
        if status == "Stopping" and not self._stopping:
            self.stop()
