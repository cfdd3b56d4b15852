"""The step cache: a step whose signature is that of an earlier success is not run again.

As on the service it is off unless a step's ``CacheConfig`` says otherwise, it looks at earlier runs
of the same step of the same pipeline, newest first and not older than ``ExpireAfter``, and never
reuses a failure. What makes a signature is told in ``signature``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from sagemaker_local.cache.records import SignatureRecords, StoredSignature
from sagemaker_local.cache.signature import Signature, Signer, Signing
from sagemaker_local.definition.cache_config import CacheConfig
from sagemaker_local.errors import LocalError
from sagemaker_local.storage.content import Digests
from sagemaker_local.storage.store import Document

_MOST_CHANGES = 8
_UNSURE = "an input changed while it last ran"

# What a step leaves for others; the cache finds it, and does not look into it.
Result = TypeVar("Result")


@dataclass(frozen=True)
class Question:
    """A step that is about to run; ``sign`` adds to a signature what makes its result."""

    name: str
    sign: Callable[[Signing, Document], None]
    arguments: Document
    config: CacheConfig


@dataclass(frozen=True)
class Decision(Generic[Result]):
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
    result: Result | None = None
    source: str | None = None
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepCache(Generic[Result]):
    """The cache of one pipeline's steps.

    Attributes:
        signer: makes signatures.
        records: keeps them.
        pipeline: the pipeline's name.
        result_of: the result of an execution's step, by its ARN and name, if it is there still.
        written: digests of the objects that the step of a result wrote, by URI.
    """

    signer: Signer
    records: SignatureRecords
    pipeline: str
    result_of: Callable[[str, str], Result | None]
    written: Callable[[Result, Digests], dict[str, str]]

    def decide(self, question: Question) -> Decision[Result]:
        """Whether a step must run.

        Raises:
            LocalError: an input is not there.
        """
        signature = self.signer.signature(question.sign, question.arguments)
        expiry = question.config.expire_after
        since = 0.0 if expiry is None else time.time() - expiry
        lost = False
        for found in self.records.reusable(self.pipeline, question.name, signature.digest, since):
            result = self._result(found)
            if result is not None:
                return Decision(question, signature, result, found.execution)
            lost = True
        return Decision(question, signature, why=self._why(question.name, signature, lost))

    def _result(self, found: StoredSignature) -> Result | None:
        """An earlier result, if all that it consists of is still there and unchanged."""
        result = self.result_of(found.execution, found.step)
        if result is not None and self._unchanged(found.document["Written"]):
            return result
        return None

    def _unchanged(self, written: Mapping[str, str]) -> bool:
        """Are these objects still there, as ``written`` found them?"""
        bucket, digests = self.signer.bucket, self.signer.digests
        try:
            return all(
                digests.of_file(bucket.existing(uri)) == digest for uri, digest in written.items()
            )
        except (LocalError, OSError):
            return False  # gone, or a folder, or not to be read

    def _why(self, name: str, signature: Signature, lost: bool) -> tuple[str, ...]:
        if lost:
            return ("its earlier results are gone or were changed",)
        last = self.records.last(self.pipeline, name)
        if last is None:
            return ("it has not run before",)
        changes = signature.changes_since(last.document["Parts"])
        if not changes:
            unsure = last.document.get("Unsure", False)
            return (_UNSURE if unsure else "its last result is older than ExpireAfter",)
        more = len(changes) - _MOST_CHANGES
        return tuple(changes[:_MOST_CHANGES] + ([f"and {more} more"] if more > 0 else []))

    def record(self, execution: str, decision: Decision[Result], result: Result) -> StoredSignature:
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
            "Written": self.written(result, self.signer.digests) if ran else {},
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

    def _is_still_right(self, decision: Decision[Result]) -> bool:
        question = decision.question
        try:
            signature = self.signer.signature(question.sign, question.arguments)
            return signature == decision.signature
        except (LocalError, OSError):
            return False
