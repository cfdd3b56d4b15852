"""What change runs a cached step again, and how it is named; what change does not."""

from __future__ import annotations

import io
import tarfile
from typing import Any

import pytest

from engine.cache.test_cache import CACHED, WRITE
from engine.definitions import (
    OUTPUT,
    Json,
    definition,
    processing,
    training,
)
from engine.local import Local, Run


def simple(local: Local, **changes: Any) -> str:
    """One step with something of everything."""
    step = processing(
        "S",
        changes.get("code") or local.code(changes.get("script", WRITE)),
        inputs={"data": local.put("1", "data/a")},
        outputs=changes.get("outputs", ["o"]),
        arguments=changes.get("arguments", [f"{OUTPUT}/o", "--rate", "1", "--verbose", "last"]),
        environment=changes.get("environment", {"MODE": "fast"}),
        CacheConfig=CACHED,
    )
    specification = step["Arguments"]["AppSpecification"]
    specification |= changes.get("specification", {})
    step["Arguments"] |= changes.get("members", {})
    return definition(step)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            {"arguments": [f"{OUTPUT}/o", "--rate", "2", "--verbose", "last"]},
            "argument --rate was 1, is 2",
        ),
        (
            {"arguments": [f"{OUTPUT}/o", "--rate", "1", "--verbose", "first"]},
            "argument --verbose was last, is first",
        ),
        (
            {"arguments": [f"{OUTPUT}/o", "--rate", "1"]},
            "argument --verbose is gone",
        ),
        (
            {"arguments": [f"{OUTPUT}/o", "--verbose", "last", "--rate", "1"]},
            "order of arguments was 0 --rate --verbose, is 0 --verbose --rate",
        ),
        ({"environment": {"MODE": "slow"}}, "environment MODE was fast, is slow"),
        ({"environment": {"MODE": "fast", "N": "1"}}, "environment N is new"),
        ({"outputs": ["o", "p"]}, "output p is new"),
        (
            {"specification": {"ImageUri": "repository/image:2"}},
            "image changed",
        ),
        ({"script": WRITE + "\n"}, "input code: script.py changed"),
    ],
)
def test_whatever_makes_the_result_is_named_when_it_changes(
    local: Local, change: Json, why: str
) -> None:
    assert local.run(simple(local)).status == "Succeeded"
    assert local.run(simple(local)).verdicts == {"S": "hit"}
    run = local.run(simple(local, **change))
    assert run.verdicts == {"S": "miss"}
    assert run.explained["S"].why.startswith(why)


@pytest.mark.parametrize(
    "members",
    [
        {"RoleArn": "arn:aws:iam::111122223333:role/another-role"},
        {"StoppingCondition": {"MaxRuntimeInSeconds": 77}},
        {"Tags": [{"Key": "a", "Value": "b"}]},
        {
            "ProcessingResources": {
                "ClusterConfig": {
                    "InstanceType": "ml.m5.4xlarge",
                    "InstanceCount": 1,
                    "VolumeSizeInGB": 99,
                }
            }
        },
    ],
)
def test_what_does_not_make_the_result_does_not_count(local: Local, members: Json) -> None:
    local.run(simple(local))
    assert local.run(simple(local, members=members)).verdicts == {"S": "hit"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["--file", "a", "--file", "z"], ["--file", "b", "--file", "z"]),
        (["--quiet", "--loud"], ["--loud", "--quiet"]),
        (["--a=1"], ["--a", "1"]),
        (["a b"], ["a", "b"]),
    ],
)
def test_arguments_that_look_alike_are_not_the_same(
    local: Local, before: list[str], after: list[str]
) -> None:
    local.run(simple(local, arguments=[f"{OUTPUT}/o", *before]))
    run = local.run(simple(local, arguments=[f"{OUTPUT}/o", *after]))
    assert run.verdicts == {"S": "miss"}
    uri = run.job("S")["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    assert local.read(f"{uri}/x") == " ".join(after)


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"hyperparameters": {"eta": "0.2"}}, "hyperparameter eta was 0.1, is 0.2"),
        ({"environment": {"A": "2"}}, "environment A was 1, is 2"),
        ({"metrics": {"loss": "loss=(.*)", "f1": "f1=(.*)"}}, "AlgorithmSpecification Metric"),
    ],
)
def test_whatever_makes_a_model_is_named_when_it_changes(
    local: Local, members: Json, why: str
) -> None:
    channels = local.channels("print('loss=1')")
    plain: Json = {
        "hyperparameters": {"eta": "0.1"},
        "environment": {"A": "1"},
        "metrics": {"loss": "loss=(.*)"},
    }
    texts = [
        definition(training("S", channels, CacheConfig=CACHED, **found))
        for found in (plain, plain | members)
    ]
    local.run(texts[0])
    assert local.run(texts[0]).verdicts == {"S": "hit"}
    run = local.run(texts[1])
    assert run.verdicts == {"S": "miss"}
    assert run.explained["S"].why.startswith(why)


@pytest.mark.slow
def test_many_changes_are_told_in_part(local: Local) -> None:
    arguments = [f"{OUTPUT}/o", *(f"--a{n}=1" for n in range(20))]
    local.run(simple(local))
    why = local.run(simple(local, arguments=arguments)).explained["S"].why
    assert "argument --a0=1 is new" in why
    assert why.endswith("more")
    assert len(why.split("; ")) == 9


def test_a_variable_that_a_script_names_counts_and_no_other_does(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs inherit the variables of the process that starts them; a value may be a secret."""
    script = WRITE + "import os; os.environ.get('CHOSEN_MODE')\n"
    monkeypatch.setenv("CHOSEN_MODE", "fast")
    local.run(simple(local, script=script))
    monkeypatch.setenv("SOMETHING_ELSE", "1")
    assert local.run(simple(local, script=script)).verdicts == {"S": "hit"}
    monkeypatch.setenv("CHOSEN_MODE", "slow")
    run = local.run(simple(local, script=script))
    assert str(run.explained["S"]) == "S: miss, variable CHOSEN_MODE changed"


def archive(text: str, moment: int, names: tuple[str, ...] = ("a.csv",)) -> bytes:
    """A tar.gz whose bytes differ with the moment."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(text), moment
            tar.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


@pytest.mark.slow
def test_archives_are_compared_by_their_members(local: Local) -> None:
    def run(packed: bytes) -> Run:
        uri = local.put(packed, "data/data.tar.gz")
        step = processing("S", local.code("pass"), inputs={"data": uri}, CacheConfig=CACHED)
        return local.run(definition(step))

    first, second = archive("1", 1), archive("1", 2)
    assert first != second
    run(first)
    assert run(second).verdicts == {"S": "hit"}
    changed = run(archive("2", 1))
    assert changed.explained["S"].why == "input data: data.tar.gz changed"
    assert run(archive("1", 1, ("a.csv", "b.csv"))).verdicts == {"S": "miss"}
    assert run(b"no archive at all").verdicts == {"S": "miss"}
    assert run(first[:-20]).verdicts == {"S": "miss"}
    long = archive(" ".join(map(str, range(60_000))), 1)
    for packed in (first, long):
        middle = len(packed) // 2
        broken = packed[:middle] + b"\xff" * 20 + packed[middle + 20 :]
        assert run(broken).verdicts == {"S": "miss"}


@pytest.mark.slow
def test_folders_of_very_many_files_are_compared_to_the_last_one(local: Local) -> None:
    for number in range(510):
        local.put("1", f"data/{number}.csv")
    uri = local.bucket.uri("data")
    step = processing("S", local.code("pass"), inputs={"data": uri}, CacheConfig=CACHED)
    local.run(definition(step))
    assert local.run(definition(step)).verdicts == {"S": "hit"}
    local.put("2", "data/400.csv")
    run = local.run(definition(step))
    assert str(run.explained["S"]) == "S: miss, input data (all files) changed"
