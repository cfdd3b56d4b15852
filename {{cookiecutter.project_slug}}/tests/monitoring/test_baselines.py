"""The baseline of a model package: registered as its drift checks, and found by it."""

from typing import Any

import pytest

from {{ cookiecutter.package_name }}.errors import ProjectError
from {{ cookiecutter.package_name }}.monitoring import baselines

FOLDER = "s3://bucket/pipeline/run/Baseline/output/baseline"


def package(**known: Any) -> dict[str, Any]:
    return {"ModelPackageGroupName": "cars", "ModelPackageVersion": 3, **known}


@pytest.fixture(scope="module")
def drift_checks() -> dict[str, Any]:
    """What a package of the registry says, where the folder is known."""
    found = baselines.drift_checks(FOLDER)._to_request_dict()
    return {
        subject: {name: {**source, "S3Uri": joined(source["S3Uri"])} for name, source in of.items()}
        for subject, of in found.items()
    }


def joined(uri: Any) -> str:
    return str(uri.on).join(uri.values)


def test_a_package_names_the_folder_that_it_was_registered_with(
    drift_checks: dict[str, Any],
) -> None:
    assert baselines.folder_uri(package(DriftCheckBaselines=drift_checks)) == FOLDER
    uris = [source["S3Uri"] for of in drift_checks.values() for source in of.values()]
    assert sorted(uris) == sorted(f"{FOLDER}/{file}" for file in baselines.FILES.values())


def test_a_package_of_before_says_that_it_has_none() -> None:
    with pytest.raises(ProjectError, match=r"cars version 3 has no baseline.*train it again"):
        baselines.folder_uri(package())


def test_files_that_are_not_in_one_folder_are_no_baseline(drift_checks: dict[str, Any]) -> None:
    other = {"ModelQuality": {"Statistics": {"S3Uri": "s3://bucket/mine.json"}}}
    with pytest.raises(ProjectError, match="cars version 3"):
        baselines.folder_uri(package(DriftCheckBaselines=drift_checks | other))
