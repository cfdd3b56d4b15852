"""The step cache: a step whose signature is that of an earlier success is not run again.

As on the service it is off unless a step's ``CacheConfig`` says otherwise, it looks at earlier runs
of the same step of the same pipeline, newest first and not older than ``ExpireAfter``, and never
reuses a failure. What makes a signature is told in ``signature``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from sagemaker_local.cache.signature import Signature, Signer
from sagemaker_local.definition.cache_config import CacheConfig
from sagemaker_local.errors import LocalError
from sagemaker_local.steps.results import Results, StepResult
from sagemaker_local.storage.store import Document, Store, StoredSignature

_MOST_CHANGES = 8
_UNSURE = "an input changed while it last ran"


@dataclass(frozen=True)
class Question:
    """A step that is about to run."""

    name: str
    type: str
    arguments: Document
    config: CacheConfig


@dataclass(frozen=True)
class Decision:
    """What the cache said about one step.

    Attributes:
        question: the step.
        signature: what would make the result.
        result: an earlier success to reuse; None: the step has to run.
        source: the ARN of the execution that it is from.
        why: phrases for a person: which inputs changed, or why nothing is reused.
    """

    question: Question
    signature: Signature
    result: StepResult | None = None
    source: str | None = None
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepCache:
    """The cache of one pipeline's steps.

    Attributes:
        store: keeps signatures.
        signer: makes them.
        pipeline: the pipeline's name.
        results: finds what earlier runs left.
    """

    store: Store
    signer: Signer
    pipeline: str
    results: Results

    def decide(self, question: Question) -> Decision | None:
        """Whether a step must run; None if steps of its type always do.

        Raises:
            LocalError: an input is not there.
        """
        signature = self.signer.sign(question.type, question.arguments)
        if signature is None:
            return None
        expiry = question.config.expire_after
        since = 0.0 if expiry is None else time.time() - expiry
        lost = False
        for found in self.store.reusable_signatures(
            self.pipeline, question.name, signature.digest, since
        ):
            result = self._result(found)
            if result is not None:
                return Decision(question, signature, result, found.execution)
            lost = True
        return Decision(question, signature, why=self._why(question.name, signature, lost))

    def _result(self, found: StoredSignature) -> StepResult | None:
        """An earlier result, if all that it consists of is still there and unchanged."""
        step = self.store.step(found.execution, found.step)
        result = self.results.of(step) if step else None
        if result and self.results.unchanged(found.document["Written"], self.signer.digests):
            return result
        return None

    def _why(self, name: str, signature: Signature, lost: bool) -> tuple[str, ...]:
        if lost:
            return ("its earlier results are gone or were changed",)
        last = self.store.last_signature(self.pipeline, name)
        if last is None:
            return ("it has not run before",)
        changes = signature.changes_since(last.document["Parts"])
        if not changes:
            unsure = last.document.get("Unsure", False)
            return (_UNSURE if unsure else "its last result is older than ExpireAfter",)
        more = len(changes) - _MOST_CHANGES
        return tuple(changes[:_MOST_CHANGES] + ([f"and {more} more"] if more > 0 else []))

    def record(self, execution: str, decision: Decision, result: StepResult) -> StoredSignature:
        """What to store of a finished step: for later runs, if it ran here, and for ``explain``.

        A result is reused only if its inputs are still what they were before the step ran: it may
        have read the old ones or the new.
        """
        ran = decision.result is None
        unsure = ran and not self._is_still_right(decision)
        document = {
            "Parts": decision.signature.parts,
            "Source": decision.source,
            "Why": list(decision.why),
            "Written": self.results.written(result, self.signer.digests) if ran else {},
            "Unsure": unsure,
        }
        return StoredSignature(
            execution=execution,
            step=decision.question.name,
            pipeline=self.pipeline,
            digest=decision.signature.digest,
            created=time.time(),
            reusable=ran and not unsure,
            document=document,
        )

    def _is_still_right(self, decision: Decision) -> bool:
        question = decision.question
        try:
            return self.signer.sign(question.type, question.arguments) == decision.signature
        except (LocalError, OSError):
            return False
