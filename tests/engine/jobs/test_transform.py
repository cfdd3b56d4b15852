"""Batch transform jobs, run from small definitions: files in, files out."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from engine.definitions import (
    Json,
    definition,
    get,
    parameter,
    transform,
)
from engine.local import Local, until
from engine.programs import seen_by
from engine.transforms import (
    CSV,
    ECHO,
    JSON,
    LINES,
    OUTPUT,
    SUM,
    created,
    failed,
    outputs,
    score,
    scored,
    succeeded,
)


def test_every_record_gets_its_prediction(either: Local) -> None:
    run = scored(either, {"test.csv": "1,2\n3,4\n"}, **CSV)
    assert succeeded(either, run) == {"test.csv.out": "30\n70\n"}


def test_a_job_is_described_as_the_service_does(local: Local) -> None:
    options = {"MaxConcurrentTransforms": 2, "MaxPayloadInMB": 1, "Environment": {"A": "b"}}
    run = scored(local, {"test.csv": "1,2\n"}, **CSV, options=options)
    job = run.job("Score")
    assert (job["TransformJobStatus"], job["ModelName"]) == ("Completed", "sum")
    assert job["CreationTime"] <= job["TransformStartTime"] <= job["TransformEndTime"]
    assert {name: job[name] for name in options} == options
    assert job["TransformOutput"] == {"S3OutputPath": OUTPUT, **CSV["target"]}
    assert run.steps["Score"]["Metadata"] == {"TransformJob": {"Arn": job["TransformJobArn"]}}
    execution = run.arn.rsplit("/", 1)[-1]
    assert job["TransformJobName"].startswith(f"pipelines-{execution}-Score-")
    (summary,) = local.client.list_transform_jobs(StatusEquals="Completed")["TransformJobSummaries"]
    assert summary["TransformJobArn"] == job["TransformJobArn"]
    other = local.client.list_transform_jobs(NameContains="not-in-a-name")
    assert other["TransformJobSummaries"] == []
    with pytest.raises(ClientError, match="Could not find requested job with name: none"):
        local.client.describe_transform_job(TransformJobName="none")


def test_every_file_below_the_input_has_its_output(local: Local) -> None:
    files = {"b.csv": "1\n2\n", "a/deep/a.csv": "3", "a/empty.csv": "", "z": "\n4\n\n5\n"}
    run = scored(local, files, **CSV)
    assert succeeded(local, run) == {
        "b.csv.out": "10\n20\n",
        "a/deep/a.csv.out": "30\n",
        "a/empty.csv.out": "",
        "z.out": "40\n50\n",
    }
    log = local.log(run, "Score")
    assert "a/deep/a.csv: 1 records\n" in log
    assert "a/empty.csv: 0 records\n" in log


def test_the_input_may_be_one_object(local: Local) -> None:
    files = {"a.csv": "1\n", "b.csv": "2\n"}
    run = scored(local, files, **CSV, data="s3://sagemaker-local/data/b.csv")
    assert succeeded(local, run) == {"b.csv.out": "20\n"}


def test_without_a_split_type_a_file_is_one_request(local: Local) -> None:
    """``key`` and ``label``: the developer guide's own example of a JSON document."""
    script = ECHO.replace("return body", "return '{\"label\":\\n 1}'")
    files = {"a.json": '{\n "key": 1\n}\n', "b.json": "[2]", "empty.json": ""}
    run = scored(local, files, script, **JSON, processing={"JoinSource": "Input"})
    assert succeeded(local, run) == {
        "a.json.out": '{"key":1,"SageMakerOutput":{"label":1}}',
        "b.json.out": '{"SageMakerInput":[2],"SageMakerOutput":{"label":1}}',
        "empty.json.out": "",
    }


@pytest.mark.parametrize(
    ("strategy", "together"), [("SingleRecord", [1, 1, 1]), ("MultiRecord", [3]), (None, [3])]
)
def test_the_batch_strategy_says_how_many_records_come_together(
    local: Local, strategy: str | None, together: list[int]
) -> None:
    options = {"BatchStrategy": strategy} if strategy else {}
    run = scored(local, {"a.csv": "1\n2\n3\n"}, **CSV, options=options)
    assert succeeded(local, run) == {"a.csv.out": "10\n20\n30\n"}
    log = local.log(run, "Score")
    assert [int(count) for count in re.findall(r"records: (\d+)", log)] == together


def test_text_is_decoded_as_the_toolkit_does(local: Local) -> None:
    """CSV and JSON come as text, anything else, JSON Lines too, as bytes."""
    run = scored(local, {"a.csv": "1\n"}, **CSV)
    assert "type: str" in local.log(run, "Score")
    local.client.delete_model(ModelName="sum")
    run = scored(local, {"a.csv": "[1]\n"}, **LINES)
    assert "type: bytes" in local.log(run, "Score")


@pytest.mark.slow
def test_the_payload_is_bounded(local: Local) -> None:
    script = SUM.replace('print("records:"', 'print("size:", len(text), "records:"')
    rows = 300_000
    text = "".join(f"{number:06}\n" for number in range(rows))  # 2 MB
    run = scored(local, {"a.csv": text}, script, **CSV, options={"MaxPayloadInMB": 1})
    expected = "".join(f"{10 * number}\n" for number in range(rows))
    assert succeeded(local, run) == {"a.csv.out": expected}
    sizes = [int(size) for size in re.findall(r"size: (\d+)", local.log(run, "Score"))]
    assert sum(sizes) == len(text)
    assert all((1 << 20) - 7 < size <= 1 << 20 for size in sizes[:-1])
    progress = re.findall(r"a.csv: (\d+) records so far", local.log(run, "Score"))
    assert [int(records) // 100_000 for records in progress] == [1, 2, 3]


@pytest.mark.parametrize(
    ("size", "options", "source", "reason"),
    [
        (6 << 20, {}, {}, ""),
        ((6 << 20) + 1, {}, {}, "a: it has more than 6 MB; raise MaxPayloadInMB, or split the"),
        ((6 << 20) + 1, {"MaxPayloadInMB": 7}, {}, ""),
        ((6 << 20) + 1, {"MaxPayloadInMB": 0}, {}, ""),
        ((6 << 20) + 1, {}, {"SplitType": "Line"}, "a, record 1: it has more than 6 MB; raise"),
        ((1 << 20) + 1, {"MaxPayloadInMB": 1}, {"SplitType": "Line"}, "a, record 1: it has more"),
    ],
)
def test_a_record_that_exceeds_the_payload_fails(
    local: Local, size: int, options: Json, source: Json, reason: str
) -> None:
    run = scored(local, {"a": b"x" * size}, ECHO, source=source, options=options)
    if reason:
        assert reason in failed(local, run)
    else:
        assert len(succeeded(local, run)["a.out"]) == size


@pytest.mark.parametrize(
    ("assembly", "answer", "written"),
    [("None", "x", "xxx"), ("Line", "x", "x\nx\nx\n"), ("Line", "x\\n", "x\nx\nx\n")],
)
def test_answers_are_assembled(local: Local, assembly: str, answer: str, written: str) -> None:
    script = ECHO.replace("return body", f'return "{answer}"')
    run = scored(
        local,
        {"a.csv": "1\n2\n3\n"},
        script,
        source=CSV["source"],
        target={"AssembleWith": assembly},
        options={"BatchStrategy": "SingleRecord"},
    )
    assert succeeded(local, run) == {"a.csv.out": written}


def test_payloads_are_under_way_together_and_their_answers_in_order(local: Local) -> None:
    """Three meet, of which the first one's answer is ready last."""
    script = """
import threading
meeting = threading.Barrier(3, timeout=30)
answered = [threading.Event() for _ in range(9)]

def model_fn(model_dir):
    return None

def transform_fn(model, body, content_type, accept):
    number = int(body)
    meeting.wait()
    if number % 3 < 2:
        assert answered[number + 1].wait(30)
    answered[number].set()
    return f"answer {number}"
"""
    rows = [str(number) for number in range(9)]
    files = {"a.csv": "\n".join(rows[:4]), "b.csv": "\n".join(rows[4:])}
    one_process = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1"}  # in which they meet
    options = {
        "MaxConcurrentTransforms": 3,
        "BatchStrategy": "SingleRecord",
        "Environment": one_process,
    }
    run = scored(local, files, script, **CSV, options=options)
    assert succeeded(local, run) == {
        "a.csv.out": "".join(f"answer {number}\n" for number in range(4)),
        "b.csv.out": "".join(f"answer {number}\n" for number in range(4, 9)),
    }


def test_an_input_that_is_not_there_says_so(local: Local) -> None:
    run = scored(local, {}, **CSV)
    assert "There is nothing at s3://sagemaker-local/data" in failed(local, run)


def test_what_parameters_make_wrong_is_refused_with_their_values(local: Local) -> None:
    """Combinations are checked again when a start gives expressions their values."""
    target = {"Accept": get("Parameters.Accept"), "AssembleWith": "Line"}
    local.put("1\n", "data/a.csv")
    step = score(
        created(local),
        source=CSV["source"],
        target=target,
        processing={"JoinSource": "Input"},
    )
    text = definition(step, parameters=[parameter("Accept", "String", "text/csv")])
    reason = "Accept application/json and ContentType text/csv should be the same"
    with pytest.raises(ClientError, match=reason):
        local.run(text, {"Accept": "application/json"})
    assert succeeded(local, local.run(text)) == {"a.csv.out": "1,10\n"}


def test_stop_ends_it(local: Local) -> None:
    """While the model is at work: it told its process by a file."""
    told = local.root / "pid"
    script = ECHO.replace(
        "return body",
        f"import os, time; open({str(told)!r} + '.new', 'w').write(str(os.getpid()))\n"
        f"    os.rename({str(told)!r} + '.new', {str(told)!r}); time.sleep(600)",
    )
    local.put("1\n", "data/a.csv")
    name = created(local, script=script)
    run = local.start(definition(score(name)))
    until(told.is_file)
    run.stop()
    assert run.wait().status == "Stopped"
    assert run.statuses == {"Score": "Stopped"}
    assert run.job("Score")["TransformJobStatus"] == "Stopped"
    assert outputs(local) == {}
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


# Tells at its end the peak of its memory, which a fork or exec does not inherit, in kB.
PEAK = """
import atexit, re
@atexit.register
def tell():
    print("peak:", re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="Linux tells the peak")
def test_memory_does_not_grow_with_the_input(local: Local) -> None:
    name = created(local, script=SUM + PEAK)
    peaks = []
    for rows in (100_000, 2_000_000):
        uri = local.put(b"12,345\n" * rows, f"data/{rows}.csv")
        run = local.run(definition(transform("Score", name, uri, OUTPUT, **CSV)))
        assert run.status == "Succeeded", run.steps
        peaks.append(int(re.findall(r"peak: (\d+)", local.log(run, "Score"))[0]))
        assert local.bucket.path(f"{OUTPUT}/{rows}.csv.out").stat().st_size == rows * len("3570\n")
    assert peaks[1] <= 1.2 * peaks[0], peaks


@pytest.mark.slow
def test_the_sdks_transformer_makes_a_step_that_runs(tmp_path: Path, source: Path) -> None:
    """In a process that has no AWS variables and can reach this machine only."""
    seen = seen_by("sdk_transform.py", tmp_path, source)
    assert not (tmp_path / "offline.txt").exists()
    assert set(seen["statuses"].values()) == {"Succeeded"}
    assert {name.split("-")[0] for name in seen["statuses"]} == {"Create", "Score"}
    assert re.fullmatch(r"s3://sagemaker-local/sdk-transform/\w{12}/Score", seen["output"])
    ids = r",[0-9a-f-]{36},[0-9TZ:-]{20}\n"
    assert re.fullmatch(rf"a,30{ids}b,70{ids}", seen["scores"])
    assert {key.split("/")[1] for key in seen["captured"]} == {"input", "output"}
