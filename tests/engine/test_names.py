"""Names and ARNs have the service's forms."""

from __future__ import annotations

import re

import pytest
from sagemaker_local.names import job_name, last_part, random_id

from engine.conformance import check_shape
from engine.local import ARNS


def test_ids_are_lower_case_alphanumerics_and_differ() -> None:
    ids = {random_id(12) for _ in range(200)}
    assert len(ids) == 200
    assert all(re.fullmatch("[a-z0-9]{12}", text) for text in ids)


@pytest.mark.parametrize(
    "step", ["Train", "A-step_with_a_name_of_sixty_four_characters-0123456789-0123456789", "_", "-"]
)
def test_job_names_are_valid_and_hold_the_steps(step: str) -> None:
    name = job_name("abcdefghijkl", step)
    check_shape("ProcessingJobName", name)
    check_shape("TrainingJobName", name)
    assert name.startswith("pipelines-abcdefghijkl-")


def test_a_job_name_cuts_the_steps_name_to_twenty() -> None:
    assert re.fullmatch(
        "pipelines-abcdefghijkl-PreprocessTheRawRows-[a-z0-9]{10}",
        job_name("abcdefghijkl", "PreprocessTheRawRowsOfEveryListing"),
    )


def test_arns_match_the_services_patterns() -> None:
    check_shape("PipelineArn", ARNS.pipeline("p"))
    check_shape("PipelineExecutionArn", ARNS.execution("p", "abcdefghijkl"))
    check_shape("ProcessingJobArn", ARNS.job("processing-job", "j"))
    check_shape("TrainingJobArn", ARNS.job("training-job", "j"))
    check_shape("ModelArn", ARNS.model("m"))
    check_shape("ModelPackageGroupArn", ARNS.model_package_group("g"))
    check_shape("ModelPackageArn", ARNS.model_package("g", 3))
    check_shape("RoleArn", ARNS.role)


def test_the_last_part_of_an_arn_is_its_name() -> None:
    assert last_part(ARNS.pipeline("p")) == "p"
    assert last_part("p") == "p"
    assert last_part("g/3") == "g/3"
