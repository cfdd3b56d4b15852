"""Addresses of objects: S3's own scheme, and https at one of its hosts."""

from __future__ import annotations

from pathlib import Path

import pytest
from sagemaker_local.errors import LocalError
from sagemaker_local.storage.addresses import told_apart
from sagemaker_local.storage.bucket import Bucket

from engine.checked import problems
from engine.definitions import definition, model
from engine.local import Local
from engine.transforms import CSV, SERVED, artifacts, container, score, succeeded

OTHER = "https://example.com/mine/model.tar.gz"
TOLD = f"{OTHER!r} is at no host of S3; give s3://bucket/key, or"


@pytest.mark.parametrize(
    "uri",
    [
        "s3://mine/a/b.csv",
        "https://mine.s3.amazonaws.com/a/b.csv",
        "https://mine.s3.eu-west-1.amazonaws.com/a/b.csv",
        "https://mine.s3-eu-west-1.amazonaws.com/a/b.csv",
        "https://mine.s3.dualstack.eu-west-1.amazonaws.com/a/b.csv",
        "https://mine.s3.cn-north-1.amazonaws.com.cn/a/b.csv",
        "https://s3.amazonaws.com/mine/a/b.csv",
        "https://s3.eu-west-1.amazonaws.com/mine/a/b.csv",
        "https://s3-eu-west-1.amazonaws.com/mine/a/b.csv",
    ],
)
def test_one_object_has_many_addresses(uri: str, tmp_path: Path) -> None:
    assert told_apart(uri) == ("mine", "a/b.csv")
    bucket = Bucket(tmp_path, "mine")
    bucket.write(uri, b"x")
    assert bucket.keys(uri) == ["a/b.csv"]
    assert bucket.existing("s3://mine/a/b.csv").read_bytes() == b"x"


def test_a_bucket_may_have_dots_and_a_prefix_no_key() -> None:
    assert told_apart("https://my.data.s3.amazonaws.com/k") == ("my.data", "k")
    assert told_apart("https://s3.amazonaws.com/mine") == ("mine", "")


@pytest.mark.parametrize(
    "host", ["s3.amazonaws.com.example.org", "mys3.amazonaws.com", "ec2.amazonaws.com", "s3.local"]
)
def test_hosts_that_only_look_like_it_are_refused(host: str, tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="is at no host of S3; give s3://bucket/key, or https://"):
        Bucket(tmp_path, "mine").path(f"https://{host}/mine/a")


def test_no_https_address_leads_out(tmp_path: Path) -> None:
    for uri in ("https://s3.amazonaws.com/../a", "https://mine.s3.amazonaws.com/../../a"):
        with pytest.raises(LocalError, match="leads out"):
            Bucket(tmp_path / "s3", "mine").path(uri)


def test_an_address_elsewhere_is_refused_before_the_first_step(local: Local) -> None:
    (problem,) = problems(model("M", OTHER))
    assert problem.startswith(f"step 'M': PrimaryContainer.ModelDataUrl: {TOLD}")
    with pytest.raises(Exception, match="is at no host of S3"):
        local.client.create_model(
            ModelName="m",
            ExecutionRoleArn="arn:aws:iam::000000000000:role/r",
            PrimaryContainer=container(local, ModelDataUrl=OTHER),
        )


def test_a_model_and_its_data_are_read_by_https(local: Local) -> None:
    """As AWS's example of a transform job names its model."""
    key = artifacts(local).removeprefix("s3://sagemaker-local/")
    made = model("Make", f"https://sagemaker-local.s3-us-east-1.amazonaws.com/{key}")
    made["Arguments"]["PrimaryContainer"]["Environment"] = SERVED
    local.put("1,2\n", "data/a.csv")
    scores = score({"Get": "Steps.Make.ModelName"}, **CSV)
    source = scores["Arguments"]["TransformInput"]["DataSource"]["S3DataSource"]
    source["S3Uri"] = "https://s3.us-east-1.amazonaws.com/sagemaker-local/data"
    assert succeeded(local, local.run(definition(made, scores))) == {"a.csv.out": "30\n"}
