"""What counts as the same answer, and whose role a model gets."""

from types import SimpleNamespace
from typing import Any

import pytest

from {{ cookiecutter.package_name }}.deployments import hosting, smoke

ANSWER = {"prediction": "yes", "probabilities": {"no": 0.25, "yes": 0.75}}


@pytest.mark.parametrize(
    ("answered", "expected", "said"),
    [
        ([{"prediction": 1.0000001}], [{"prediction": 1.0}], ""),
        ([{"prediction": 1.00001}], [{"prediction": 1.0}], "record 1 gets"),
        ([ANSWER], [ANSWER], ""),
        ([ANSWER], [ANSWER | {"prediction": "no"}], "record 1 gets"),
        ([ANSWER], [{"prediction": "yes"}], "record 1 gets"),
        ([{"prediction": "yes"}], [ANSWER], "record 1 gets"),
        ([1.0], [{"prediction": 1.0}], "record 1 gets"),
        ([{"prediction": float("nan")}], [{"prediction": 1.0}], "record 1 gets"),
        ([], [ANSWER], "0 predictions for 1 records"),
        ([ANSWER, ANSWER], [ANSWER], "2 predictions for 1 records"),
    ],
)
def test_which_answers_differ(answered: Any, expected: Any, said: str) -> None:
    found = smoke.differs(answered, expected)
    assert found.startswith(said) and bool(found) == bool(said)


def test_a_model_gets_the_role_of_its_pipeline_where_none_is_given() -> None:
    client = SimpleNamespace(
        describe_pipeline_execution=lambda **_: {"PipelineArn": "arn:aws:x:pipeline/cars"},
        describe_pipeline=lambda PipelineName: {"RoleArn": f"arn:role-of-{PipelineName}"},
    )
    package = {"CustomerMetadataProperties": {"execution": "arn:execution"}}
    unnamed = SimpleNamespace(role="unused", sagemaker_client=client)
    assert hosting.role_of(unnamed, package) == "arn:role-of-cars"
    named = SimpleNamespace(role="arn:given", sagemaker_client=client)
    assert hosting.role_of(named, package) == "arn:given"


@pytest.mark.parametrize("group", ["cars", "used-car-prices-" + 46 * "x", 61 * "a" + "-b"])
def test_names_are_as_long_as_they_may_be(group: str) -> None:
    package = {"ModelPackageGroupName": group, "ModelPackageVersion": 1234}
    names = {hosting.unique_name(package) for _ in range(3)}
    assert len(names) == 3
    assert all(len(name) <= 63 and name.startswith(group[:30]) for name in names)
