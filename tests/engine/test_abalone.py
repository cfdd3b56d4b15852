"""AWS's Abalone pipeline runs here as it is written for the service."""

from __future__ import annotations

from pathlib import Path

import pytest
from sagemaker_local.processes.runner import Runner

from engine.abalone import EVALUATE, PREPROCESS, abalone
from engine.local import Local

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "abalone.csv"
BUCKET = "s3://sagemaker-us-west-2-000000000000"
pytestmark = pytest.mark.skipif(not DATA.is_file(), reason=f"the data is not here: {DATA}")


@pytest.mark.slow
def test_it_runs_and_its_gate_decides(tmp_path: Path, runner: Runner) -> None:
    local = Local(tmp_path / "root", runner)
    local.client.create_model_package_group(ModelPackageGroupName="AbaloneModelPackageGroupName")
    given = {"InputData": f"{BUCKET}/abalone/abalone-dataset.csv"}
    local.bucket.write(given["InputData"], DATA.read_bytes())
    scripts = {"preprocessing.py": PREPROCESS, "evaluation.py": EVALUATE}
    for name, text in scripts.items():
        local.bucket.write(f"{BUCKET}/code/{name}", text.encode())
    text = abalone(*(f"{BUCKET}/code/{name}" for name in scripts))

    run = local.run(text, given)
    assert run.status == "Succeeded", run.steps
    assert set(run.statuses) == {
        "AbaloneProcess",
        "AbaloneTrain",
        "AbaloneEval",
        "AbaloneMSECond",
        "AbaloneRegisterModel-RegisterModel",
        "AbaloneCreateModel-CreateModel",
        "AbaloneTransform",
    }
    records = local.read(f"{BUCKET}/AbaloneProcess/output/batch/batch.csv").splitlines()
    answers = local.read(f"{BUCKET}/AbaloneTransform/batch.csv.out").splitlines()
    assert len(answers) == len(records) > 600
    assert 8 < sum(map(float, answers)) / len(answers) < 12, "rings of an abalone"
    metrics = {each["MetricName"] for each in run.job("AbaloneTrain")["FinalMetricDataList"]}
    assert metrics == {"train:rmse", "validation:rmse"}
    (package,) = local.client.list_model_packages(
        ModelPackageGroupName="AbaloneModelPackageGroupName"
    )["ModelPackageSummaryList"]
    assert package["ModelApprovalStatus"] == "PendingManualApproval"

    failed = local.run(text, {**given, "MseThreshold": "0.5"})
    assert failed.status == "Failed"
    assert failed.reason("AbaloneMSEFail") == "Execution failed due to MSE > 0.5"
    assert not Path("/opt/ml/processing/train").exists()
