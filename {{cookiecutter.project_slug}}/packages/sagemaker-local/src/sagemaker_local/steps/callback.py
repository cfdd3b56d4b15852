"""Callback steps: they wait for an answer, by the token that the list of steps shows.

The service sends the token and the step's arguments to an SQS queue, and whoever reads there calls
SendPipelineExecutionStepSuccess or -Failure. Nothing is sent from here: a person, or a program that
looks at the list, answers by the same calls; or the session has a function for the queue's URL.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sagemaker_local.definition.document import Step
from sagemaker_local.definition.support import table
from sagemaker_local.definition.values import as_text
from sagemaker_local.errors import NotFoundError, StepFailure
from sagemaker_local.names import random_id
from sagemaker_local.notice import logger
from sagemaker_local.steps import functions
from sagemaker_local.steps.functions import (
    LambdaStep,
    handler_for,
    known_refusals,
    outputs_of,
    typed,
)
from sagemaker_local.steps.step_type import StepContext, StepResult
from sagemaker_local.storage.store import Document, Store, now

_CALLBACK = "callback"
_TOKEN_LENGTH = 10
_POLL_SECONDS = 0.1


class CallbackStep(LambdaStep):
    """Waits for the values of its output parameters; the arguments are data for who gives them."""

    name = "Callback"
    metadata = "Callback"
    members = table("OutputParameters", "CacheConfig SqsQueueUrl")

    def member_refusals(self, step: Step, functions: Collection[str] | None) -> Iterator[str]:
        yield from known_refusals("SqsQueueUrl", step.members.get("SqsQueueUrl"))
        yield from self.output_refusals(step)

    def run(self, step: Step, arguments: dict[str, Any], context: StepContext) -> StepResult:
        queue, outputs = step.members["SqsQueueUrl"], outputs_of(step)
        shown: Document = {"CallbackToken": random_id(_TOKEN_LENGTH), "SqsQueueUrl": queue}
        context.created({self.metadata: shown})
        if queue in context.functions:
            handler = handler_for(context.functions, queue)
            answered = functions.call(handler, arguments, outputs, queue)
        else:
            given = _answer(shown["CallbackToken"], step.name, context)
            missing = [output.name for output in outputs if output.name not in given]
            if missing:
                raise StepFailure(f"the callback was answered without {', '.join(missing)}")
            try:
                answered = typed(outputs, given)
            except ValueError as error:
                raise StepFailure(f"the callback was answered with {error}") from error
        listed = [{"Name": name, "Value": as_text(value)} for name, value in answered.items()]
        metadata = {self.metadata: {**shown, "OutputParameters": listed}}
        return StepResult({"OutputParameters": answered}, metadata)


def _answer(token: str, name: str, context: StepContext) -> dict[str, str]:
    """Wait for what somebody answers.

    Raises:
        StepFailure: with the reason that the answer gives.
        Stopped: the execution is stopped meanwhile.
    """
    callbacks = Callbacks(context.state.store)
    callbacks.open(token, context.execution_arn)
    logger.info(
        "local session: step %r waits; nothing was sent to its queue. Answer with "
        "send_pipeline_execution_step_success(CallbackToken=%r, OutputParameters=[...]).",
        *(name, token),
    )
    try:
        while (answer := callbacks.answer(token)) is None:
            context.pause(_POLL_SECONDS)
    finally:
        callbacks.close(token)
    if "FailureReason" in answer:
        raise StepFailure(answer["FailureReason"] or "The callback was answered with a failure.")
    return {item["Name"]: item["Value"] for item in answer.get("OutputParameters", [])}


@dataclass(frozen=True)
class Callbacks:
    """What is waited for, and the answers, in one state: who answers may be another process."""

    store: Store

    def open(self, token: str, execution: str) -> None:
        """Begin to wait.

        Args:
            token: of the answer.
            execution: the ARN of whose step waits.
        """
        self.store.add_resource(
            _CALLBACK, token, {"PipelineExecutionArn": execution, "CreationTime": now()}
        )

    def answer(self, token: str) -> Document | None:
        """What was answered so far; None: nothing."""
        document = self.store.resource(_CALLBACK, token) or {}
        return document.get("Answer")

    def execution(self, token: str) -> str:
        """The ARN of the execution that waits for an answer with this token.

        Raises:
            NotFoundError: none does.
        """
        document = self.store.resource(_CALLBACK, token)
        if document is None or "Answer" in document:
            raise NotFoundError(
                f"No step waits for an answer with the token {token!r}; "
                "list_pipeline_execution_steps shows the token of one that does."
            )
        return str(document["PipelineExecutionArn"])

    def give(self, token: str, answer: Document) -> None:
        """Answer; ``execution`` says whether it is waited for."""
        document = self.store.resource(_CALLBACK, token) or {}
        self.store.update_resource(_CALLBACK, token, {**document, "Answer": answer})

    def close(self, token: str) -> None:
        """Wait no more."""
        self.store.delete_resource(_CALLBACK, token)


STEP = CallbackStep()
