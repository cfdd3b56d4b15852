"""What a training job has gone through: the ``SecondaryStatusTransitions`` of its description.

The SDK prints them while it waits. Of the service's there are those that a job here has.
"""

from __future__ import annotations

from datetime import datetime

from sagemaker_local.storage.store import Document

# As the service words them.
_MESSAGES = {
    "Training": "Training image download completed. Training in progress.",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
}


def gone_on(before: list[Document], status: str, time: datetime, ended: bool) -> list[Document]:
    """The transitions once another has begun, with which the one before has ended.

    Args:
        before: those up to now.
        status: the job's ``SecondaryStatus`` from now on.
        time: now.
        ended: it is the last one, and over at once.
    """
    found = [each if "EndTime" in each else {**each, "EndTime": time} for each in before]
    over = {"EndTime": time} if ended else {}
    return [
        *found,
        {"Status": status, "StartTime": time, **over, "StatusMessage": _MESSAGES[status]},
    ]
