"""Checkpoints go to the bucket, also of a job that fails, and come back to the next one."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from engine.definitions import definition, training
from engine.local import Local, Run
from engine.tunings import RATE, TRY, children, tuning_step

PLACE = "s3://sagemaker-local/checkpoints"
COUNT = """
import pathlib, sys
count = pathlib.Path("{folder}", "count.txt")
seen = int(count.read_text()) if count.exists() else 0
count.write_text(str(seen + 1))
if not seen:
    pathlib.Path("{folder}", "last").symlink_to(count)
print("seen", seen)
sys.exit(seen == 1)
"""


def ran(local: Local, folder: str = "/opt/ml/checkpoints", **config: str) -> Run:
    item = training("Train", local.channels(COUNT.format(folder=folder)))
    item["Arguments"]["CheckpointConfig"] = {"S3Uri": PLACE, **config}
    return local.run(definition(item))


def test_a_job_goes_on_from_what_earlier_ones_left(local: Local) -> None:
    statuses = [ran(local).status for _ in range(3)]
    assert statuses == ["Succeeded", "Failed", "Succeeded"]
    assert local.read(f"{PLACE}/count.txt") == "3"
    assert local.objects().count("checkpoints/count.txt") == 1


def test_they_may_be_in_another_folder_of_the_job(local: Local) -> None:
    path = "/opt/ml/mine/"
    assert ran(local, path, LocalPath=path).status == "Succeeded"
    assert local.read(f"{PLACE}/count.txt") == local.read(f"{PLACE}/last") == "1"


@pytest.mark.parametrize("path", ["/tmp/mine", "/opt/ml/../mine"])
def test_another_place_is_refused(local: Local, path: str) -> None:
    with pytest.raises(ClientError, match="is not below /opt/ml/"):
        ran(local, LocalPath=path)


def test_without_a_place_in_the_bucket_they_stay_in_the_job(local: Local) -> None:
    item = training("Train", local.channels(COUNT.format(folder="/opt/ml/checkpoints")))
    assert [local.run(definition(item)).status for _ in range(2)] == ["Succeeded"] * 2
    assert not any("count.txt" in key for key in local.objects())


@pytest.mark.slow
def test_each_training_job_of_a_search_has_its_own(local: Local) -> None:
    script = f"{TRY}\nopen('/opt/ml/checkpoints/a.txt', 'x').close()"
    item = tuning_step(local, RATE, script=script)
    item["Arguments"]["TrainingJobDefinition"]["CheckpointConfig"] = {"S3Uri": f"{PLACE}/"}
    run = local.run(definition(item))
    names = [child["TrainingJobName"] for child in children(local, run)]
    assert len(names) > 1
    found = [key for key in local.objects() if key.startswith("checkpoints/")]
    assert found == sorted(f"checkpoints/{name}/a.txt" for name in names)
