"""Retry policies say what the service takes, and the local session knows them."""

import os
from typing import Any

from sagemaker_local.definition.retry_policy import parse_retry_policy

from {{ cookiecutter.package_name }} import settings
from {{ cookiecutter.package_name }}.pipelines import retries

os.environ.setdefault("AWS_DEFAULT_REGION", settings.AWS_REGION)  # the SDK asks as it is imported


def exceptions(policies: list[Any]) -> set[str]:
    """What they retry, each as the service and the local session read it."""
    return {name for each in policies for name in parse_retry_policy(each.to_request()).exceptions}


def test_a_job_waits_for_quotas_machines_and_calls() -> None:
    assert exceptions(retries.of_jobs()) == {
        "Step.THROTTLING",
        "SageMaker.CAPACITY_ERROR",
        "SageMaker.RESOURCE_LIMIT",
    }


def test_a_model_step_takes_no_policy_of_jobs() -> None:
    """The SDK refuses others there: SageMakerJobStepRetryPolicy is for jobs."""
    assert exceptions(retries.of_requests()) == {"Step.THROTTLING"}


def test_a_job_is_given_an_hour_at_least() -> None:
    waited = 0.0
    policy = parse_retry_policy(retries.of_jobs()[-1].to_request())
    assert policy.expire_after == 60 * retries.WAIT_MINUTES and policy.max_attempts is None
    interval = policy.interval
    while waited + interval <= policy.expire_after:
        waited += interval
        interval *= policy.backoff
    assert waited > 1800, "the last attempts are not all in the first minutes"
