"""Jobs find S3 and SageMaker of the session that runs them, and never a person's keys or AWS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.processes.runner import Runner
from sagemaker_local.wire.face import Face

from engine.definitions import definition, processing, training
from engine.local import Local
from engine.wire.conftest import Wired

# As AWS's own examples of processing do: the script fetches, writes and starts by itself.
CALLS = """
import json, os, urllib.request
import boto3
from botocore.exceptions import ClientError

s3 = boto3.client("s3")
rows = s3.get_object(Bucket="sagemaker-local", Key="in.csv")["Body"].read().decode()
s3.put_object(Bucket="sagemaker-local", Key="out/upper.csv", Body=rows.upper().encode())
pipelines = boto3.client("sagemaker").list_pipelines()["PipelineSummaries"]
try:
    boto3.client("dynamodb").list_tables()
except ClientError as error:
    refused = error.response["Error"]["Code"]
print(json.dumps({
    "pipelines": [pipeline["PipelineName"] for pipeline in pipelines],
    "refused": refused,
    "account": boto3.client("sts").get_caller_identity()["Account"],
    "key": boto3.Session().get_credentials().access_key,
    "variables": sorted(name for name in os.environ if name.startswith("AWS_")),
}))
"""
SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIAPERSON",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
    "AWS_PROFILE": "production",
    "AWS_ENDPOINT_URL_S3": "https://s3.amazonaws.com",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/keys",
}
PROFILE = """
[profile production]
region = eu-west-3
aws_access_key_id = AKIAPERSON
aws_secret_access_key = secret
endpoint_url = https://s3.amazonaws.com
"""
GIVEN = {
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_REGION"),
    *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SAGEMAKER"),
    *("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"),
}


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Somebody who works with AWS in the same shell, behind a proxy."""
    file = tmp_path / "config"
    file.write_text(PROFILE)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")


def check(found: dict[str, Any]) -> None:
    assert found["refused"] == "UnknownOperationException"
    assert found["key"] == "local" and found["account"] == "000000000000"
    assert set(found["variables"]) == GIVEN


@pytest.mark.slow
@pytest.mark.usefixtures("person")
def test_scripts_of_every_kind_of_step_call_boto3(own: Wired) -> None:
    local = own.local
    local.put("a,b\n", "in.csv")
    steps = processing("Process", local.code(CALLS)), training("Train", local.channels(CALLS))
    run = local.run(definition(*steps), parallel=1)
    assert run.status == "Succeeded", run.steps
    assert local.read("s3://sagemaker-local/out/upper.csv") == "A,B\n"
    for step in ("Process", "Train"):
        found = json.loads(local.log(run, step).splitlines()[-1])
        check(found)
        assert found["pipelines"] == ["pipe"]


@pytest.mark.slow
@pytest.mark.usefixtures("person")
def test_single_jobs_call_boto3_too(own: Wired) -> None:
    own.local.put("a,b\n", "in.csv")
    job = own.local.begin(processing("Process", own.local.code(CALLS))).wait()
    assert job.status == "Completed", job.log
    check(json.loads(job.log.splitlines()[-1]))


@pytest.mark.usefixtures("person")
def test_a_debugged_script_has_them_for_its_time_only(
    tmp_path: Path, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    local = Local(tmp_path / "root", runner, debug=True, address=Face)
    show = "import os; print(os.environ['AWS_ENDPOINT_URL'], os.environ.get('AWS_PROFILE'))"
    before = dict(os.environ)
    run = local.run(definition(processing("Show", local.code(show))))
    assert local.log(run, "Show").split() == [
        local.engine.job_variables()["AWS_ENDPOINT_URL"],
        "None",
    ]
    assert dict(os.environ) == before


def test_a_definitions_own_variables_count(own: Wired) -> None:
    local = own.local
    show = "import os; print(os.environ['AWS_DEFAULT_REGION'], os.environ['AWS_ENDPOINT_URL'])"
    step = processing("Show", local.code(show), environment={"AWS_DEFAULT_REGION": "eu-west-1"})
    run = local.run(definition(step))
    assert local.log(run, "Show").split() == ["eu-west-1", own.url]


def test_the_cache_does_not_know_the_address(
    tmp_path: Path, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later session answers elsewhere, and a person's own keys change every hour."""
    script = "import os; print(os.environ['AWS_ENDPOINT_URL_S3'], os.environ['AWS_ACCESS_KEY_ID'])"
    verdicts = []
    for key in ("one", "two"):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{key}")
        local = Local(tmp_path / "root", runner, address=Face)
        step = processing("Show", local.code(script))
        cached = {"CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"}}
        run = local.run(definition({**step, **cached}))
        verdicts.append(run.verdicts["Show"])
    assert verdicts == ["miss", "hit"]


def test_an_engine_without_an_endpoint_reaches_nobody(local: Local) -> None:
    assert local.engine.job_variables()["AWS_ENDPOINT_URL"] == "http://127.0.0.1:9"
