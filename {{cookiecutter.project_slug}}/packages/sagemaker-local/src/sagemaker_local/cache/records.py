"""Signatures as the state keeps them: what made each step's result, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sagemaker_local.storage.store import Document, Store, dump, load


@dataclass(frozen=True)
class StoredSignature:
    """What made a step's result, as the step cache compares it.

    Attributes:
        execution: the ARN of the execution in which the step ran or was reused.
        digest: equal for equal signatures.
        created: epoch seconds.
        reusable: the step ran here, from what the signature says.
        document: the signature's parts, and what was decided about them.
    """

    execution: str
    step: str
    pipeline: str
    digest: str
    created: float
    reusable: bool
    document: Document


@dataclass(frozen=True)
class SignatureRecords:
    """The signatures of one state."""

    store: Store

    def put(self, signature: StoredSignature) -> None:
        self.store.write(
            "INSERT OR REPLACE INTO signatures VALUES (?, ?, ?, ?, ?, ?, ?)",
            signature.execution,
            signature.step,
            signature.pipeline,
            signature.digest,
            signature.created,
            int(signature.reusable),
            dump(signature.document),
        )

    def of_execution(self, arn: str) -> list[StoredSignature]:
        """Of an execution's steps."""
        return self._find("WHERE execution = ?", arn)

    def reusable(
        self, pipeline: str, step: str, digest: str, since: float
    ) -> list[StoredSignature]:
        """Successful runs of a step with equal signatures, newest first."""
        return self._find(
            "WHERE pipeline = ? AND step = ? AND digest = ? AND created >= ? AND reusable "
            "ORDER BY created DESC",
            pipeline,
            step,
            digest,
            since,
        )

    def last(self, pipeline: str, step: str) -> StoredSignature | None:
        """Of a step's newest success, run or reused, whatever went into it."""
        found = self._find(
            "WHERE pipeline = ? AND step = ? ORDER BY created DESC LIMIT 1", pipeline, step
        )
        return found[0] if found else None

    def _find(self, condition: str, *values: Any) -> list[StoredSignature]:
        rows = self.store.rows(
            "SELECT execution, step, pipeline, digest, created, reusable, document "
            f"FROM signatures {condition}",
            *values,
        )
        return [
            StoredSignature(execution, step, pipeline, digest, created, bool(reusable), load(text))
            for execution, step, pipeline, digest, created, reusable, text in rows
        ]
