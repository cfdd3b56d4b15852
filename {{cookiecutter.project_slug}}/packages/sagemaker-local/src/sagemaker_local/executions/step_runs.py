"""The steps of one execution: each is run to its end, and what becomes of it is stored."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sagemaker_local.cache.records import SignatureRecords
from sagemaker_local.cache.signature import Signer
from sagemaker_local.cache.step_cache import Decision, Question, StepCache
from sagemaker_local.definition.document import Definition, Step
from sagemaker_local.definition.expressions import resolve
from sagemaker_local.engine import Engine
from sagemaker_local.errors import LocalError, StepFailure
from sagemaker_local.executions.context import ExecutionContext
from sagemaker_local.executions.records import ExecutionRecords
from sagemaker_local.executions.retries import Retries
from sagemaker_local.planning.rules import table
from sagemaker_local.processes.launcher import Launcher, Stopped
from sagemaker_local.steps.step_type import StepContext, StepResult
from sagemaker_local.steps.step_types import STEP_TYPES
from sagemaker_local.storage.store import Document, now

_MAX_REASON = 1024

_Decision = Decision[StepResult]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Assignment:
    """What an execution has to do.

    Attributes:
        arn: the execution's.
        pipeline: the pipeline's name.
        definition: its steps.
        parameters: the value of each parameter.
        variables: values of ``Execution.<name>``.
        role: the pipeline's; empty where an earlier version did not keep it.
        parallel: how many steps may run at once.
        finished: results of steps that need not run: they succeeded before.
        left_out: steps that must not run: they were not selected.
    """

    arn: str
    pipeline: str
    definition: Definition
    parameters: dict[str, Any]
    variables: dict[str, Any]
    role: str
    parallel: int
    finished: dict[str, StepResult] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()


class StepRuns:
    """Runs steps, each in the thread that asks for it.

    Args:
        engine: state, jobs, and what runs them.
        assignment: the execution's.
        context: where the steps' expressions find their values.
        launcher: starts the steps' programs.

    Attributes:
        newest: the name of the step that was asked for last.
    """

    def __init__(
        self, engine: Engine, assignment: Assignment, context: ExecutionContext, launcher: Launcher
    ) -> None:
        self.newest = ""
        self._arn = assignment.arn
        self._role = assignment.role
        self._context = context
        self._launcher = launcher
        self._results = engine.results
        self._records = ExecutionRecords(engine.store)
        self._signatures = SignatureRecords(engine.store)
        self._step_context = StepContext(
            engine.steps,
            assignment.variables["PipelineExecutionId"],
            launcher.run,
            functions=engine.functions,
            execution_arn=assignment.arn,
            pause=launcher.pause,
        )
        self._cache: StepCache[StepResult] = StepCache(
            Signer(engine.bucket, engine.store),
            self._signatures,
            assignment.pipeline,
            self._result_of,
            engine.results.written,
        )
        self._documents: dict[str, Document] = {}

    def run(self, step: Step) -> StepResult:
        """Run a step to its end, in a thread of the pool; its ending is stored before it is known.

        Raises:
            LocalError: it failed or was stopped.
        """
        self.newest = step.name
        self._started(step)
        try:
            arguments = self._arguments(step)
            step = replace(step, members=resolve(step.members, self._context))
            _refuse(step, arguments)
            decision = self._decision(step, arguments)
            if decision is None and STEP_TYPES[step.type].instant:
                return self._attempts(step, lambda: self._run_at_once(step, arguments))
            if decision is not None and decision.result is not None:
                result = decision.result
            else:
                result = self._attempts(step, lambda: self._run_type(step, arguments))
            return self._succeeded(step, result, decision)
        except BaseException as error:
            self._save_failure(step, error)
            raise

    def _run_at_once(self, step: Step, arguments: dict[str, Any]) -> StepResult:
        with self._records.store.transaction("step ended"):
            return self._succeeded(step, self._run_type(step, arguments), None)

    def _run_type(self, step: Step, arguments: dict[str, Any]) -> StepResult:
        context = replace(self._step_context, created=partial(self._created, step))
        return STEP_TYPES[step.type].run(step, arguments, context)

    def _arguments(self, step: Step) -> dict[str, Any]:
        arguments: dict[str, Any] = resolve(step.arguments, self._context)
        return STEP_TYPES[step.type].with_role(arguments, self._role) if self._role else arguments

    def _decision(self, step: Step, arguments: dict[str, Any]) -> _Decision | None:
        step_type = STEP_TYPES[step.type]
        if step.cache is None or not step_type.cached:
            return None
        return self._cache.decide(Question(step.name, step_type.sign, arguments, step.cache))

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
        with self._records.store.transaction("step started"):
            self._save_step(step, document)

    def _created(self, step: Step, metadata: Document) -> None:
        self._save_step(step, self._documents[step.name] | {"Metadata": metadata})

    def _succeeded(self, step: Step, result: StepResult, decision: _Decision | None) -> StepResult:
        # Before the transaction: outputs are read for this, and nobody else could write meanwhile.
        signature = self._cache.record(self._arn, decision, result) if decision else None
        ended = {"EndTime": now(), "StepStatus": "Succeeded", "Metadata": result.metadata}
        document = self._documents[step.name] | ended
        if decision is not None and decision.source:
            document["CacheHitResult"] = {"SourcePipelineExecutionArn": decision.source}
        with self._records.store.transaction("step ended"):
            if signature is not None:
                self._signatures.put(signature)
            self._save_step(step, document)
        return result

    def _save_failure(self, step: Step, error: BaseException) -> None:
        document = self._documents[step.name] | {"EndTime": now(), "StepStatus": "Failed"}
        if isinstance(error, Stopped):
            document["StepStatus"] = "Stopped"
        else:
            metadata = STEP_TYPES[step.type].failure(str(error))
            if metadata:
                document["Metadata"] = metadata
            reason = _reason(step, error)
            if reason:
                document["FailureReason"] = reason[:_MAX_REASON]
        with self._records.store.transaction("step ended"):
            self._save_step(step, document)

    def _save_step(self, step: Step, document: Document) -> None:
        self._documents[step.name] = document
        self._records.put_step(self._arn, step.name, document)

    def _result_of(self, execution: str, name: str) -> StepResult | None:
        listed = self._records.step(execution, name)
        return self._results.of(listed) if listed else None


def _refuse(step: Step, arguments: dict[str, Any]) -> None:
    """Ask again what was asked before the first step: now every value is known.

    Raises:
        StepFailure: the service would refuse it.
    """
    refusals = [*STEP_TYPES[step.type].shape_refusals(arguments)]
    refusals = refusals or table.broken_by(step.type, arguments)
    if refusals:
        raise StepFailure(f"The service would refuse it: {'; '.join(refusals)}.")


def _reason(step: Step, error: BaseException) -> str:
    if STEP_TYPES[step.type].ends_execution:
        return str(error)
    if isinstance(error, LocalError):
        return f"ClientError: {error}"
    if isinstance(error, KeyboardInterrupt):
        return "ClientError: It was interrupted (KeyboardInterrupt)."
    if isinstance(error, OSError):
        return f"ClientError: {error.strerror or error}: {error.filename or 'no file name'}"
    logger.error("step %s failed inside the engine", step.name, exc_info=error)
    return f"InternalServerError: {type(error).__name__}: {error}"
