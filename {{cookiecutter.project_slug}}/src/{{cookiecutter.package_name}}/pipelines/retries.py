"""After which failures SageMaker tries a step again, and for how long.

A script that fails is not tried again: its next attempt would fail in the same way. The types and
the steps that may have them are those of the Developer Guide, "Retry Policy for Pipeline Steps".
"""

from typing import Any

THROTTLED_ATTEMPTS = 6  # 10, 20, 40 ... seconds apart: ten minutes in all
# Other jobs use the quota up, or there is no machine of the type: it may take until they end. With
# a quota of 0 a step waits for so long in vain; waiting costs nothing.
WAIT_MINUTES = 60


def of_requests() -> list[Any]:
    """For steps that only ask for something, such as a model: when there are too many requests."""
    from sagemaker.mlops.workflow.retry import StepExceptionTypeEnum, StepRetryPolicy

    throttled = [StepExceptionTypeEnum.THROTTLING]
    return [StepRetryPolicy(throttled, interval_seconds=10, max_attempts=THROTTLED_ATTEMPTS)]


def of_jobs() -> list[Any]:
    """For steps that start jobs: also when a quota is used up, or no machine is to be had."""
    from sagemaker.mlops.workflow.retry import (
        SageMakerJobExceptionTypeEnum,
        SageMakerJobStepRetryPolicy,
    )

    machines = SageMakerJobStepRetryPolicy(
        exception_types=[SageMakerJobExceptionTypeEnum.RESOURCE_LIMIT],
        failure_reason_types=[SageMakerJobExceptionTypeEnum.CAPACITY_ERROR],
        interval_seconds=60,
        backoff_rate=1.5,
        expire_after_mins=WAIT_MINUTES,
    )
    return [*of_requests(), machines]
