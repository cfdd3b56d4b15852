"""What a tuning job asks for and cannot have is refused before anything runs."""

from __future__ import annotations

import re

import pytest
from botocore.exceptions import ClientError

from engine.definitions import (
    Json,
    definition,
    get,
    model,
    processing,
    step,
    tuning,
    tuning_config,
)
from engine.local import Local
from engine.tunings import RATE

STATIC = {"sagemaker_program": "a.py", "sagemaker_submit_directory": "s3://b/sourcedir.tar.gz"}
RANDOM = tuning_config(RATE)


def without(item: Json, name: str) -> Json:
    return {key: value for key, value in item.items() if key != name}


REFUSED = [
    (tuning("T", tuning_config(RATE, strategy="Hyperband"), STATIC), "Hyperband"),
    (tuning("T", tuning_config(RATE, strategy="Guess"), STATIC), "is 'Guess', which is not one of"),
    (tuning("T", RANDOM, {}), "it has no script"),
    (tuning("T", RANDOM, STATIC | {"rate": "1"}), "rate has a range, and is one of the Static"),
    (tuning("T", RANDOM, STATIC, regex="loss=("), "no regular expression"),
    (tuning("T", RANDOM, STATIC, channels={"x": "s3://b/x"}, arguments={"InputDataConfig": [
        {"ChannelName": "x", "DataSource": {"S3DataSource": {
            "S3DataType": "AugmentedManifestFile", "S3Uri": "s3://b/x"}}}]}), "read in Pipe mode"),
    (tuning("T", without(RANDOM, "HyperParameterTuningJobObjective"), STATIC), "no Hyper"),
    (tuning("T", RANDOM, STATIC, arguments={"AlgorithmSpecification": {
        "TrainingInputMode": "File"}}), "the objective 'loss' is not among the MetricDefinitions"),
    (tuning("T", RANDOM, STATIC, arguments={"TuningObjective": {
        "Type": "Minimize", "MetricName": "loss"}}), "TuningObjective of a TrainingJobDefinition"),
    (tuning("T", RANDOM, STATIC, arguments={"HyperParameterRanges": {}}), "HyperParameterRanges"),
    (step("T", "Tuning", {"HyperParameterTuningJobConfig": RANDOM}), "no TrainingJobDefinition"),
]  # fmt: skip


@pytest.mark.parametrize(("item", "expected"), REFUSED)
def test_what_cannot_be_tuned_is_refused_before_anything_runs(
    local: Local, item: Json, expected: str
) -> None:
    with pytest.raises(ClientError, match=re.escape(expected)):
        local.start(definition(processing("First", "s3://sagemaker-local/code"), item))
    assert not (local.root / "jobs").exists()


@pytest.mark.parametrize("member", ["WarmStartConfig", "TrainingJobDefinitions", "Autotune"])
def test_other_ways_to_tune_are_refused(local: Local, member: str) -> None:
    item = tuning("T", RANDOM, STATIC)
    item["Arguments"][member] = {}
    with pytest.raises(ClientError, match=f"the argument {member} is not run locally; "):
        local.start(definition(item))


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("TrainingJobSummaries[0].Name", "Name"),
        ("BestTrainingJobs.TrainingJobName", "BestTrainingJobs"),
        ("NextToken", "NextToken"),
    ],
)
def test_a_property_that_a_tuning_step_has_not_is_refused(
    local: Local, path: str, missing: str
) -> None:
    after = model("After", get(f"Steps.T.{path}"))
    with pytest.raises(ClientError, match=f"a Tuning step has no property '{missing}' there"):
        local.start(definition(tuning("T", RANDOM, STATIC), after))
