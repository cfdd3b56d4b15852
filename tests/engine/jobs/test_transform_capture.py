"""Captures of transform jobs: manifests of what went in and came out, and ids of records."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sagemaker_local.names import BUCKET

from engine.definitions import Json, definition, get, parameter, transform
from engine.local import Local, Run
from engine.transforms import CSV, ECHO, JSON, LINES, OUTPUT, created, failed, outputs, scored

DESTINATION = f"s3://{BUCKET}/captured"
PLAIN: Json = {"DestinationS3Uri": DESTINATION, "KmsKeyId": "key"}
WITH_IDS: Json = {**PLAIN, "GenerateInferenceId": True}
PEOPLE = '{"id": 7, "features": [1, 2]}\n{"id": 8, "features": [3, 4]}\n'


def capturing(local: Local, files: Any, kind: Json, capture: Json = WITH_IDS, **more: Any) -> Run:
    script = more.pop("script", None)
    options = {"DataCaptureConfig": capture, **more.pop("options", {})}
    return scored(local, files, *([script] if script else []), **kind, options=options, **more)


def written(local: Local, run: Run) -> dict[str, str]:
    assert run.status == "Succeeded", run.steps
    return {name: text for name, text in outputs(local).items() if not name.startswith("captured/")}


def manifests(local: Local, side: str, destination: str = DESTINATION) -> dict[str, list[Any]]:
    keys = local.bucket.keys(f"{destination}/{side}") if local.objects() else []
    return {key: json.loads(local.read(local.bucket.uri(key))) for key in keys}


def time_of(run: Run) -> str:
    return f"{run.job('Score')['TransformStartTime'].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def test_manifests_tell_what_went_in_and_came_out(local: Local) -> None:
    """As the guide shows them, by the UTC hour of the job's start."""
    run = capturing(local, {"b.csv": "1\n", "a/a.csv": "2\n"}, CSV, PLAIN)
    assert written(local, run) == {"a/a.csv.out": "20\n", "b.csv.out": "10\n"}
    ((key, read),) = manifests(local, "input").items()
    assert read == [{"prefix": f"s3://{BUCKET}/data/"}, "a/a.csv", "b.csv"]
    hour = datetime.strptime(time_of(run), "%Y-%m-%dT%H:%M:%SZ").strftime("%Y/%m/%d/%H")
    assert re.fullmatch(rf"captured/input/{hour}/[0-9a-f-]{{36}}\.json", key)
    ((key, read),) = manifests(local, "output").items()
    assert read == [{"prefix": f"{OUTPUT}/"}, "a/a.csv.out", "b.csv.out"]
    assert re.fullmatch(rf"captured/output/{hour}/[0-9a-f-]{{36}}\.json", key)
    assert run.job("Score")["DataCaptureConfig"] == PLAIN


def test_a_manifest_of_one_object_begins_with_its_folder(local: Local) -> None:
    data = f"s3://{BUCKET}/data/b.csv"
    run = capturing(local, {"a.csv": "1\n", "b.csv": "2\n"}, CSV, PLAIN, data=data)
    assert list(written(local, run)) == ["b.csv.out"]
    ((_, read),) = manifests(local, "input").items()
    assert read == [{"prefix": f"s3://{BUCKET}/data/"}, "b.csv"]


def test_a_row_of_csv_ends_in_an_id_and_the_start_of_the_job(local: Local) -> None:
    files = {"a.csv": "".join(f"{n}\n" for n in range(100)), "b.csv": "7\n"}
    run = capturing(local, files, CSV, options={"BatchStrategy": "SingleRecord"})
    rows = [line.split(",") for text in written(local, run).values() for line in text.splitlines()]
    assert [row[0] for row in rows] == [*(str(10 * n) for n in range(100)), "70"]
    assert all(UUID(row[1]).version == 4 for row in rows)
    assert len({row[1] for row in rows}) == 101
    assert {tuple(row[2:]) for row in rows} == {(time_of(run),)}


@pytest.mark.parametrize(
    ("kind", "text", "processing", "expected"),
    [
        (CSV, "1,2\n", {"JoinSource": "Input", "OutputFilter": "$[0,-1]"}, ["1", "30"]),
        (CSV, "1,2\n", {"OutputFilter": "$[0]"}, ["30"]),
        (LINES, PEOPLE, {}, {"sum": 30}),
        (
            LINES,
            PEOPLE,
            {"InputFilter": "$.features", "JoinSource": "Input"},
            {"id": 7, "features": [1, 2], "SageMakerOutput": {"sum": 30}},
        ),
        (
            LINES,
            PEOPLE,
            {"JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"},
            {"id": 7, "SageMakerOutput": {"sum": 30}},
        ),
        (JSON, '{"features":\n [1, 2]}', {"JoinSource": "Input"}, None),
    ],
)
def test_ids_are_added_to_what_joins_and_filters_leave(
    local: Local, kind: Json, text: str, processing: Json, expected: Any
) -> None:
    script = ECHO.replace("return body", "return '{\"label\":\\n 1}'") if kind is JSON else None
    run = capturing(local, {"a": text}, kind, processing=processing, script=script)
    (found,) = written(local, run).values()
    if kind is CSV:
        *rest, known, time = found.splitlines()[0].split(",")
        assert rest == expected
    else:
        record = json.loads(found.splitlines()[0])
        known, time = record.pop("SageMakerInferenceId"), record.pop("SageMakerInferenceTime")
        whole = {"features": [1, 2], "SageMakerOutput": {"label": 1}}
        assert record == (expected or whole)
    assert UUID(known).version == 4
    assert time == time_of(run)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ('"0.5\\n"', "a, record 1: GenerateInferenceId adds members to a record, and what is"),
        (
            "'{\"SageMakerInferenceTime\": 1}\\n'",
            "a, record 1: it has the member SageMakerInferenceTime, which GenerateInferenceId adds",
        ),
    ],
)
def test_a_record_that_can_have_no_id_is_named(local: Local, answer: str, reason: str) -> None:
    script = ECHO.replace("return body", f"return {answer}")
    run = capturing(local, {"a": "1\n"}, LINES, script=script)
    assert reason in failed(local, run)
    assert local.objects() == ["data/a"]


def test_a_failed_job_leaves_no_manifest(local: Local) -> None:
    run = capturing(local, {"a": "1\nx\n"}, CSV)
    assert "a, record 2" in failed(local, run)
    assert local.objects() == ["data/a"]


@pytest.mark.slow
def test_a_job_of_several_hosts_has_one_manifest(local: Local) -> None:
    files = {f"{n}.csv": f"{n}\n" for n in range(4)}
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2}
    run = capturing(local, files, CSV, options={"TransformResources": resources})
    rows = [text.strip().split(",") for text in written(local, run).values()]
    assert [row[0] for row in rows] == ["0", "10", "20", "30"]
    assert {row[2] for row in rows} == {time_of(run)}
    ((_, read),) = manifests(local, "output").items()
    assert read[1:] == [f"{n}.csv.out" for n in range(4)]


def test_a_job_without_a_pipeline_captures_too(local: Local) -> None:
    local.put("1\n", "data/a.csv")
    step = transform("Score", created(local), f"s3://{BUCKET}/data", OUTPUT, **CSV)
    job = local.begin(step, DataCaptureConfig=WITH_IDS).wait()
    assert job.status == "Completed", job.described
    assert job.described["DataCaptureConfig"] == WITH_IDS
    assert re.fullmatch(r"10,[0-9a-f-]{36},[0-9TZ:-]{20}\n", local.read(f"{OUTPUT}/a.csv.out"))
    assert len(manifests(local, "input")) == len(manifests(local, "output")) == 1


def test_a_parameter_may_say_whether_and_where(local: Local) -> None:
    local.put("1\n", "data/a.csv")
    capture = {"DestinationS3Uri": get("Parameters.Where")}
    options = {"DataCaptureConfig": capture}
    step = transform("Score", created(local), f"s3://{BUCKET}/data", OUTPUT, **CSV, options=options)
    text = definition(step, parameters=[parameter("Where", "String", DESTINATION)])
    other = f"s3://{BUCKET}/elsewhere"
    assert local.run(text, {"Where": other}).status == "Succeeded"
    assert manifests(local, "input") == {}
    assert len(manifests(local, "input", other)) == 1


@pytest.mark.slow
def test_a_cached_step_is_run_again_where_its_manifests_are_wanted(local: Local) -> None:
    """Elsewhere, or anew: what captures are for finds them where the request says."""
    local.put("1\n", "data/a.csv")
    name = created(local)

    def verdict(capture: Json) -> str:
        options = {"DataCaptureConfig": capture}
        step = transform("Score", name, f"s3://{BUCKET}/data", OUTPUT, **CSV, options=options)
        cached = {**step, "CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"}}
        run = local.run(definition(cached))
        assert run.status == "Succeeded", run.steps
        return run.verdicts["Score"]

    assert verdict(PLAIN) == "miss"
    assert verdict({"DestinationS3Uri": DESTINATION}) == "hit"
    assert len(manifests(local, "input")) == 1
    for key in manifests(local, "input"):
        local.bucket.path(local.bucket.uri(key)).unlink()
    assert verdict(PLAIN) == "miss"
    assert verdict(WITH_IDS) == "miss"
