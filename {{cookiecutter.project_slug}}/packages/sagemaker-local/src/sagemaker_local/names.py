"""Names, identifiers and ARNs, in the forms that the service gives them."""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import dataclass

_ALPHABET = string.ascii_lowercase + string.digits
# Stands for a job's own name in its arguments until it has one; each attempt has another.
THIS_JOB = "pipelines-000000000000-this-job-0000000000"
# Of everything that is not in AWS.
ACCOUNT = "000000000000"
BUCKET = "sagemaker-local"
STEP_NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")


def random_id(length: int) -> str:
    """Lower-case alphanumerics; 12 of them name an execution."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def job_name(execution_id: str, step_name: str) -> str:
    """``pipelines-<execution id>-<step name cut to 20>-<10 random>``, as the service names jobs."""
    step = re.sub(r"[^A-Za-z0-9-]", "-", step_name[:20]).strip("-")
    return f"pipelines-{execution_id}-{step}-{random_id(10)}"


def tuning_job_name(execution_id: str, step_name: str) -> str:
    """``<execution id>-<step name cut to 8>-<10 random>``: a tuning job has 32 characters at most,
    because the names of its training jobs begin with its own."""
    step = re.sub(r"[^A-Za-z0-9-]", "-", step_name[:8]).strip("-")
    return f"{execution_id}-{step}-{random_id(10)}"


def tuned_job_name(tuning_job: str, number: int) -> str:
    """``<tuning job>-001-<8 hexadecimal digits>``, as the service names the first."""
    return f"{tuning_job}-{number:03d}-{secrets.token_hex(4)}"


@dataclass(frozen=True)
class Arns:
    """ARNs of one region and account."""

    region: str
    account: str

    def _arn(self, resource: str) -> str:
        return f"arn:aws:sagemaker:{self.region}:{self.account}:{resource}"

    @property
    def role(self) -> str:
        return f"arn:aws:iam::{self.account}:role/sagemaker-local"

    def pipeline(self, name: str) -> str:
        return self._arn(f"pipeline/{name}")

    def execution(self, pipeline: str, execution_id: str) -> str:
        return self._arn(f"pipeline/{pipeline}/execution/{execution_id}")

    def job(self, kind: str, name: str) -> str:
        """``kind`` is ``processing-job``, ``training-job`` and so on."""
        return self._arn(f"{kind}/{name}")

    def function(self, name_or_arn: str) -> str:
        """A Lambda function's ARN; the name alone is given one of this account."""
        if name_or_arn.startswith("arn:"):
            return name_or_arn
        return f"arn:aws:lambda:{self.region}:{self.account}:function:{name_or_arn}"

    def model(self, name: str) -> str:
        return self._arn(f"model/{name}")

    def endpoint_config(self, name: str) -> str:
        return self._arn(f"endpoint-config/{name.lower()}")

    def endpoint(self, name: str) -> str:
        """The service writes it in small letters; a name counts once in any case."""
        return self._arn(f"endpoint/{name.lower()}")

    def model_package_group(self, name: str) -> str:
        return self._arn(f"model-package-group/{name}")

    def model_package(self, group: str, version: int) -> str:
        return self._arn(f"model-package/{group}/{version}")


def last_part(name_or_arn: str) -> str:
    """The name in an ARN (``.../pipeline/p`` gives ``p``); a plain name is returned as it is."""
    return name_or_arn.rsplit("/", 1)[-1] if name_or_arn.startswith("arn:") else name_or_arn
