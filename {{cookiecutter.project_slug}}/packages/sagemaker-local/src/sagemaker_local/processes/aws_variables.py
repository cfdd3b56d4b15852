"""What a program's variables say of AWS: an address on this machine, and keys that open nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping

# Of a person's own variables; none of them reaches a job.
PREFIX = "AWS_"
# What a job's result may depend on; all the others are the engine's, and say nothing of a result.
_REGIONS = ("AWS_DEFAULT_REGION", "AWS_REGION")
_PROXIES = ("http_proxy", "all_proxy")
# Nobody answers at the port that discards: for an engine that no program can reach.
NOWHERE = "http://127.0.0.1:9"


def of_this_machine(url: str, region: str) -> dict[str, str]:
    """Variables with which boto3, the AWS CLI and the SageMaker SDK find an engine.

    Args:
        url: where it answers.
        region: of its ARNs.
    """
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ENDPOINT_URL_SAGEMAKER": url,
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        **_past_proxies(os.environ),
    }


def of_a_job(url: str, region: str) -> dict[str, str]:
    """``of_this_machine``, and no file from which another address or a key could come."""
    return {
        **of_this_machine(url, region),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def without(environment: Mapping[str, str]) -> dict[str, str]:
    """Variables without those of AWS."""
    return {name: value for name, value in environment.items() if not name.startswith(PREFIX)}


def is_replaced(name: str) -> bool:
    """Whether a job has another value of a variable, or none; no result depends on that."""
    return name.startswith(PREFIX) and name not in _REGIONS


def _past_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """A proxy would look for this machine's loopback on its own."""
    if not any(name.lower() in _PROXIES for name in environment):
        return {}
    hosts = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    named = ",".join(filter(None, [hosts, "127.0.0.1", "localhost"]))
    return {"NO_PROXY": named, "no_proxy": named}
