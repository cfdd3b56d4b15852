"""Payloads that several processes answer, each with the model: in order, and to the same end."""

from __future__ import annotations

import re
import sys

import pytest

from engine.local import Local, Run
from engine.transforms import CSV, ECHO, SUM, failed, scored, succeeded

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Jobs fork workers on Linux only")

ROWS = "".join(f"{number}\n" for number in range(40))
TELLING = SUM.replace('print("records:"', 'print("pid:", __import__("os").getpid(), "records:"')


def run(local: Local, text: str, script: str, workers: int = 3, concurrent: int = 3) -> Run:
    options = {
        "MaxConcurrentTransforms": concurrent,
        "BatchStrategy": "SingleRecord",
        "Environment": {"SAGEMAKER_MODEL_SERVER_WORKERS": str(workers)},
    }
    processing = {"JoinSource": "Input", "InputFilter": "$[0:]"}
    files = {"a.csv": text, "b.csv": "7\n", "empty.csv": ""}
    return scored(local, files, script, **CSV, options=options, processing=processing)


@pytest.mark.parametrize(
    ("workers", "concurrent", "expected"), [(3, 3, 3), (8, 2, 2), (2, 4, 2), (1, 3, 1)]
)
@pytest.mark.slow
def test_so_many_processes_answer_in_order(
    local: Local, workers: int, concurrent: int, expected: int
) -> None:
    slow = TELLING.replace("def predict_fn", "import time\ntime.sleep(0.2)\n\ndef predict_fn")
    done = run(local, ROWS, slow, workers, concurrent)
    assert succeeded(local, done) == {
        "a.csv.out": "".join(f"{number},{10 * number}\n" for number in range(40)),
        "b.csv.out": "7,70\n",
        "empty.csv.out": "",
    }
    assert len(set(re.findall(r"pid: (\d+)", local.log(done, "Score")))) == expected


def test_the_first_record_that_fails_is_named_with_its_traceback(local: Local) -> None:
    done = run(local, ROWS.replace("17\n", "x\n").replace("18\n", "y\n"), SUM)
    expected = "a.csv, record 18: ValueError: invalid literal for int() with base 10: 'x'"
    assert expected in failed(local, done)
    assert 'inference.py", line ' in local.log(done, "Score")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("raise OSError('no model')", "inference.py: import failed: OSError: no model"),
        (
            ECHO.replace("return body", "import os; os._exit(3)"),
            "the model's script ended the process that it answered in, or it was killed",
        ),
        (ECHO.replace("return body", "raise SystemExit(0)"), "the model's script ended before"),
    ],
)
def test_a_script_that_does_not_answer_fails_the_job(
    local: Local, script: str, reason: str
) -> None:
    assert reason in failed(local, run(local, ROWS, script))
