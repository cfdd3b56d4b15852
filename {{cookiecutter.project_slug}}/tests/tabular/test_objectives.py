"""What a search looks at, in the words of SageMaker's XGBoost algorithm."""

import re

import pytest
from sagemaker_local.jobs import xgboost_image

from tabular import metrics, objectives

from {{ cookiecutter.package_name }}.pipelines import containers


@pytest.mark.parametrize(
    ("problem_type", "primary", "expected"),
    [
        ("regression", "r2", ("validation:rmse", "Minimize")),
        ("regression", "mae", ("validation:mae", "Minimize")),
        ("binary_classification", "roc_auc", ("validation:auc", "Maximize")),
        ("binary_classification", "average_precision", ("validation:auc", "Maximize")),
        ("binary_classification", "log_loss", ("validation:logloss", "Minimize")),
        ("multiclass_classification", "balanced_accuracy", ("validation:mlogloss", "Minimize")),
        ("multiclass_classification", "macro_f1", ("validation:f1", "Maximize")),
    ],
)
def test_the_objective_is_one_of_the_algorithm_s(
    problem_type: str, primary: str, expected: tuple[str, str]
) -> None:
    assert objectives.objective(problem_type, primary) == expected


@pytest.mark.parametrize("problem_type", list(metrics.PRIMARY))
def test_the_service_finds_in_the_log_whatever_may_be_an_objective(problem_type: str) -> None:
    names = objectives.NAMES[problem_type]
    measured = {ours: number + 1e-7 for number, ours in enumerate(names)}
    found = dict(xgboost_image.metrics_in(objectives.log_line(problem_type, measured)))
    assert found == {
        f"validation:{name}": pytest.approx(measured[ours], rel=1e-5)
        for ours, name in names.items()
    }
    assert set(found) <= set(xgboost_image.OBJECTIVES)


@pytest.mark.parametrize("problem_type", list(metrics.PRIMARY))
def test_an_image_of_one_s_own_is_told_how_to_find_the_same(problem_type: str) -> None:
    name, _ = objectives.objective(problem_type, metrics.PRIMARY[problem_type])
    aws = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0"
    assert containers.metric_definitions(aws, name) is None
    (defined,) = containers.metric_definitions(aws.replace("683313688378", "1" * 12), name) or []
    measured = dict.fromkeys(objectives.NAMES[problem_type], 0.25)
    found = re.search(defined["Regex"], objectives.log_line(problem_type, measured))
    assert defined["Name"] == name
    assert found is not None and float(found[1]) == 0.25
