"""Each rule of the service that its words state: what breaks it is told, its neighbour passes.

Run this file to write the table in the engine's README anew, with the engine's ``src`` and
``tests`` on PYTHONPATH: ``python tests/engine/planning/test_rules.py``
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sagemaker_local
from sagemaker_local.definition.document import parse
from sagemaker_local.planning.checks import check
from sagemaker_local.planning.known import Known
from sagemaker_local.planning.rules import endpoints, table
from sagemaker_local.planning.rules.rule import Outcome, PipelineRule, RequestRule, RuleElsewhere

from engine.checked import CODE, SCRIPT, changed, problems
from engine.definitions import (
    IMAGE,
    Json,
    categorical,
    definition,
    fail,
    get,
    integer,
    json_get,
    model,
    parameter,
    processing,
    register,
    training,
    transform,
    true,
    tuning,
    tuning_config,
)

README = Path(sagemaker_local.__file__).parents[2] / "README.md"
_TABLE = re.compile(r"(?<=<!-- rules -->\n).*?(?=<!-- /rules -->)", re.DOTALL)

ARCHIVE = "s3://b/model.tar.gz"
STATIC = {"sagemaker_program": "t.py", "sagemaker_submit_directory": "s3://b/sourcedir.tar.gz"}
DAY = 86400


def with_inputs(*inputs: tuple[str, str]) -> Json:
    """A step whose inputs have these names and folders."""
    item = processing("S", CODE)
    first = item["Arguments"]["ProcessingInputs"][0]
    item["Arguments"]["ProcessingInputs"] = [first] + [
        {"InputName": name, "S3Input": first["S3Input"] | {"LocalPath": path}}
        for name, path in inputs
    ]
    return item


def with_outputs(*outputs: tuple[str, str]) -> Json:
    item = processing("S", CODE, outputs=["first"])
    first = item["Arguments"]["ProcessingOutputConfig"]["Outputs"][0]
    item["Arguments"]["ProcessingOutputConfig"]["Outputs"] = [
        {"OutputName": name, "S3Output": first["S3Output"] | {"LocalPath": path}}
        for name, path in outputs
    ]
    return item


def stopping(spot: bool = False, **condition: int) -> Json:
    item = changed(training("S", SCRIPT), "StoppingCondition", condition)
    return changed(item, "EnableManagedSpotTraining", spot)


def searched(ranges: int = 1, static: int = 0, metrics: int = 1, **config: Any) -> Json:
    """A tuning step with so many of each."""
    found = [integer(f"n{number}", 1, 99_999) for number in range(ranges - ranges // 2)]
    found += [categorical(f"c{number}", "a", "b") for number in range(ranges // 2)]
    settings = {f"s{number}": "1" for number in range(static)}
    item = tuning("S", tuning_config(*found, **config), STATIC | settings)
    definitions = [{"Name": f"m{number}", "Regex": "x"} for number in range(metrics - 1)]
    definitions.append({"Name": "loss", "Regex": "x"})
    path = "TrainingJobDefinition.AlgorithmSpecification.MetricDefinitions"
    return changed(item, path, definitions)


def tuned(name: str) -> Json:
    return tuning("S", tuning_config(integer(name, 1, 9)), STATIC)


def tuned_by_sagemakers_image(name: str, metric: str) -> Json:
    algorithm = {"TrainingInputMode": "File", "TrainingImage": IMAGE}
    item = tuning(
        "S",
        tuning_config(integer(name, 1, 9)),
        STATIC,
        arguments={"AlgorithmSpecification": algorithm},
    )
    path = "HyperParameterTuningJobConfig.HyperParameterTuningJobObjective.MetricName"
    return changed(item, path, metric)


def of_type(kind: str) -> Json:
    """A job of the XGBoost algorithm whose channel has a content type."""
    item = training("S", {"train": CODE}, hyperparameters={"num_round": "1"})
    return changed(item, "InputDataConfig.0.ContentType", kind)


def served(variables: Json, **members: Any) -> Json:
    item = changed(model("S", ARCHIVE), "PrimaryContainer.Environment", variables)
    item["Arguments"] |= members
    return item


def of_image(*regions: str) -> list[Json]:
    return [
        changed(
            processing(f"S{number}", CODE),
            "AppSpecification.ImageUri",
            f"123456789012.dkr.ecr.{region}.amazonaws.com/own:1",
        )
        for number, region in enumerate(regions)
    ]


def batch(split: str) -> Json:
    return transform(
        "S",
        "m",
        "s3://b/in",
        "s3://b/out",
        source={"SplitType": split},
        options={"BatchStrategy": "SingleRecord"},
    )


def tagged(*keys: str) -> Json:
    return changed(processing("S", CODE), "Tags", [{"Key": key, "Value": "v"} for key in keys])


def filed(*names: str) -> Json:
    files = [{"PropertyFileName": n, "OutputName": "o", "FilePath": f"{n}.json"} for n in names]
    return processing("S", CODE, outputs=["o"], PropertyFiles=files)


def cached(**config: Any) -> Json:
    return processing("S", CODE, CacheConfig={"Enabled": True, **config})


INPUT = "/opt/ml/processing/input"
VPC = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
PROGRAM = {"SAGEMAKER_PROGRAM": "inference.py"}
REPORT = processing("E", CODE, outputs=["o"], files={"f": ("o", "f.json")})

# By the name of a rule's check: what breaks it, what it is told, and a neighbour that keeps it.
CASES: dict[str, tuple[Any, str, Any]] = {
    "_long_message": (
        fail("S", "x" * 3073),
        "ErrorMessage has 3073 characters",
        fail("S", "x" * 3072),
    ),
    "_nested": (
        true("A", true("S")),
        "step 'S': a Condition step in a branch of another, 'A'",
        [true("A", fail("F")), true("S")],
    ),
    "_after_condition": (
        [true("A"), processing("S", CODE, DependsOn=["A"])],
        "step 'S': DependsOn names the Condition step 'A'",
        [processing("A", CODE), processing("S", CODE, DependsOn=["A"])],
    ),
    "_many_steps": (
        [true(f"S{number}") for number in range(51)],
        "the pipeline has 51 steps",
        [true(f"S{number}") for number in range(50)],
    ),
    "_message_from_file": (
        [REPORT, fail("S", json_get("E", "f", "a"))],
        "step 'S': Std:JsonGet in the ErrorMessage",
        [REPORT, fail("S", get("Steps.E.ExitMessage"))],
    ),
    "_cached_for_ever": (cached(), "without ExpireAfter", cached(ExpireAfter="P30D")),
    "_files_twice": (filed("a", "a"), "PropertyFiles has the name 'a' 2 times", filed("a", "b")),
    "_regions": (
        of_image("us-east-1", "eu-west-1"),
        "images of several regions, eu-west-1, us-east-1",
        of_image("us-east-1", "us-east-1"),
    ),
    "_empty_words": (
        processing("S", CODE, arguments=["--a", ""]),
        "AppSpecification.ContainerArguments[1] is empty",
        processing("S", CODE, arguments=["--a", " "]),
    ),
    "_shared_by_inputs": (
        with_inputs(("a", f"{INPUT}/d"), ("b", f"{INPUT}/d/")),
        f"'a', 'b' have the LocalPath {INPUT}/d",
        with_inputs(("a", f"{INPUT}/d"), ("b", f"{INPUT}/d/e")),
    ),
    "_shared_by_input_and_output": (
        with_outputs(("o", f"{INPUT}/code")),
        "'code' and the output 'o' have the LocalPath",
        with_outputs(("o", f"{INPUT}/code2")),
    ),
    "_named_twice": (
        with_inputs(("code", f"{INPUT}/d")),
        "2 of them have the name 'code'",
        with_inputs(("d", f"{INPUT}/d")),
    ),
    "_inside_another": (
        with_outputs(("o", "/opt/ml/processing/o"), ("p", "/opt/ml/processing/o/p")),
        "'p' lies in the folder of 'o'",
        with_outputs(("o", "/opt/ml/processing/o"), ("p", "/opt/ml/processing/op")),
    ),
    "_too_long": (
        stopping(MaxRuntimeInSeconds=28 * DAY + 1),
        "StoppingCondition.MaxRuntimeInSeconds is 2419201",
        stopping(MaxRuntimeInSeconds=28 * DAY),
    ),
    "_waiting": (
        stopping(True, MaxRuntimeInSeconds=60),
        "StoppingCondition.MaxWaitTimeInSeconds is missing",
        stopping(True, MaxRuntimeInSeconds=60, MaxWaitTimeInSeconds=60),
    ),
    "_no_image": (
        changed(training("S", SCRIPT), "AlgorithmSpecification", {"TrainingInputMode": "File"}),
        "AlgorithmSpecification has neither TrainingImage nor AlgorithmName",
        training("S", SCRIPT),
    ),
    "_channels_twice": (
        changed(
            training("S", SCRIPT | {"x": CODE, "y": CODE}), "InputDataConfig.2.ChannelName", "y"
        ),
        "InputDataConfig has the channel 'y' 2 times",
        training("S", SCRIPT | {"x": CODE, "y": CODE}),
    ),
    "_small_instance": (
        changed(training("S", SCRIPT), "ResourceConfig.InstanceType", "ml.t3.medium"),
        "ResourceConfig.InstanceType is ml.t3.medium",
        changed(
            processing("S", CODE),
            "ProcessingResources.ClusterConfig.InstanceType",
            "ml.t3.medium",
        ),
    ),
    "_no_host": (
        changed(training("S", SCRIPT), "ResourceConfig.InstanceCount", 0),
        "ResourceConfig.InstanceCount is 0",
        training("S", SCRIPT),
    ),
    "_many_hosts": (
        changed(batch("Line"), "TransformResources.InstanceCount", 101),
        "TransformResources.InstanceCount is 101",
        changed(batch("Line"), "TransformResources.InstanceCount", 100),
    ),
    "_many_ranges": (searched(31), "has 31 ranges in all", searched(30)),
    "_many_settings": (searched(2, 96), "has 101 hyperparameters", searched(2, 95)),
    "_many_jobs": (
        searched(jobs=751, strategy="Bayesian"),
        "MaxNumberOfTrainingJobs is 751",
        searched(jobs=751, strategy="Random"),
    ),
    "_jobs_to_ask_for": (searched(jobs=751), "a new account has 750", searched(jobs=750)),
    "_few_combinations": (
        tuning("S", tuning_config(integer("n", 1, 2), categorical("c", "a"), jobs=3), STATIC),
        "enough combinations of hyperparameter ranges: there are 2, and MaxNumberOfTrainingJobs",
        tuning("S", tuning_config(integer("n", 1, 3), categorical("c", "a"), jobs=3), STATIC),
    ),
    "_many_at_once": (
        searched(jobs=200, parallel=101),
        "MaxParallelTrainingJobs is 101",
        searched(jobs=200, parallel=100),
    ),
    "_parallel_to_ask_for": (
        searched(jobs=200, parallel=11),
        "a new account has 10",
        searched(jobs=200, parallel=10),
    ),
    "_more_parallel_than_all": (
        searched(jobs=2, parallel=3),
        "more than the 2 jobs",
        searched(jobs=2, parallel=2),
    ),
    "_many_metrics": (searched(metrics=21), "MetricDefinitions has 21", searched(metrics=20)),
    "_defined_metrics": (
        changed(
            training("S", SCRIPT, metrics={"loss": "x"}),
            "AlgorithmSpecification.TrainingImage",
            IMAGE,
        ),
        "MetricDefinitions: You can't override the metric definitions",
        training("S", SCRIPT, metrics={"loss": "x"}),
    ),
    "_type_with_options": (
        of_type("text/csv; label_size=1"),
        "'text/csv; label_size=1', which the XGBoost image compares to the letter with csv, libsvm",
        of_type("text/csv"),
    ),
    "_strange_objective": (
        tuned_by_sagemakers_image("max_depth", "validation:r2"),
        "MetricName is 'validation:r2', which is no metric",
        tuned_by_sagemakers_image("max_depth", "validation:rmse"),
    ),
    "_untunable": (
        tuned_by_sagemakers_image("max-depth", "validation:rmse"),
        "HyperParameterTuningJobConfig.ParameterRanges has 'max-depth'",
        tuned_by_sagemakers_image("max_depth", "validation:rmse"),
    ),
    "_taken_name": (tuned("_tuning_objective_metric"), "the service adds it", tuned("n")),
    "_no_archive": (
        model("S", "s3://b/model.zip"),
        "PrimaryContainer.ModelDataUrl is 's3://b/model.zip'",
        model("S", ARCHIVE),
    ),
    "_two_names": (
        changed(register("S", "g", ARCHIVE), "ModelPackageName", "p"),
        "ModelPackageName is for packages without versions",
        register("S", "g", ARCHIVE),
    ),
    "_many_variables": (
        changed(
            register("S", "g", ARCHIVE),
            "InferenceSpecification.Containers.0.Environment",
            {f"v{number}": "1" for number in range(17)},
        ),
        "InferenceSpecification.Containers[0].Environment has 17 entries",
        changed(
            register("S", "g", ARCHIVE),
            "InferenceSpecification.Containers.0.Environment",
            {f"v{number}": "1" for number in range(16)},
        ),
    ),
    "_builds_offline": (
        served(PROGRAM, VpcConfig=VPC),
        "PrimaryContainer.Environment has no PIP_NO_BUILD_ISOLATION",
        served(PROGRAM | {"PIP_NO_BUILD_ISOLATION": "0"}, VpcConfig=VPC),
    ),
    "_strategy_without_split": (batch("None"), "BatchStrategy needs a", batch("Line")),
    "_of_aws": (tagged("aws:x"), "Tags has the key 'aws:x'", tagged("awsx")),
    "_twice": (tagged("a", "b", "a"), "Tags has the key 'a' 2 times", tagged("a", "A")),
}
# Those that are not about steps.
OTHERS = {"_many_parameters"} | {rule.check.__name__ for rule in endpoints.RULES}


def checks() -> dict[str, RequestRule | PipelineRule]:
    rules = [rule for rule in table.RULES if isinstance(rule, RequestRule | PipelineRule)]
    return {rule.check.__name__: rule for rule in rules}


def doubts(*steps: Json, parameters: Any = ()) -> list[str]:
    known = Known(parse(definition(*steps, parameters=parameters)), {})
    return [f"{place}" for doubt in table.doubts(known) for place in doubt.places]


@pytest.mark.parametrize("name", CASES)
def test_what_breaks_a_rule_is_told_and_its_neighbour_passes(name: str) -> None:
    breaks, told, keeps = CASES[name]
    asked: Callable[..., list[str]]
    asked = doubts if checks()[name].outcome is Outcome.NOTICED else problems
    steps, neighbours = (item if isinstance(item, list) else [item] for item in (breaks, keeps))
    found = asked(*steps)
    assert [words for words in found if told in words], found
    assert not [words for words in asked(*neighbours) if told.split(" has ")[-1] in words]
    assert problems(*neighbours) == []


def test_each_rule_has_a_case() -> None:
    assert set(CASES) | OTHERS == set(checks())
    names = [r.check.__name__ for r in table.RULES if isinstance(r, RequestRule | PipelineRule)]
    assert len(names) == len(set(names))


def test_a_start_gives_at_most_200_parameters() -> None:
    many = [parameter(f"P{number}", "String", "x") for number in range(201)]
    assert doubts(true("S"), parameters=many) == [
        "the pipeline has 201 parameters, and a start gives at most 200"
    ]
    assert doubts(true("S"), parameters=many[1:]) == []


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (stopping(MaxRuntimeInSeconds=60, MaxWaitTimeInSeconds=60), "for EnableManagedSpot"),
        (
            stopping(True, MaxRuntimeInSeconds=61, MaxWaitTimeInSeconds=60),
            "less than MaxRuntimeInSeconds, 61",
        ),
        (stopping(True, MaxWaitTimeInSeconds=DAY - 1), "less than MaxRuntimeInSeconds, 86400"),
        (searched(jobs=10_001), "MaxNumberOfTrainingJobs is 10001, and may be 10000"),
        (
            tuning(
                "S",
                tuning_config(integer("n", 1, 9)),
                STATIC,
                arguments={"StoppingCondition": {"MaxRuntimeInSeconds": 28 * DAY + 1}},
            ),
            "TrainingJobDefinition.StoppingCondition.MaxRuntimeInSeconds is 2419201",
        ),
    ],
)
def test_the_other_sides_of_a_rule(item: Json, told: str) -> None:
    found = problems(item)
    assert [words for words in found if told in words], found


def test_a_rule_is_asked_with_the_value_of_a_parameter() -> None:
    item = processing("S", CODE, arguments=[get("Parameters.P")])
    parsed = parse(definition(item, parameters=[parameter("P", "String", "")]))
    assert check(parsed) == []
    (refusal,) = check(parsed, None, {"P": ""})
    assert "ContainerArguments[0] is empty" in refusal.what
    small = changed(training("S", SCRIPT), "ResourceConfig.InstanceType", get("Parameters.P"))
    parsed = parse(definition(small, parameters=[parameter("P", "String", "ml.m5.large")]))
    assert table.doubts(Known(parsed, {})) == []
    (doubt,) = table.doubts(Known(parsed, {"P": "ml.t3.large"}))
    assert "InstanceType is ml.t3.large" in str(doubt)


def test_a_doubt_names_its_source_and_not_every_step() -> None:
    steps = [cached() | {"Name": f"S{number}"} for number in range(9)]
    (doubt,) = table.doubts(Known(parse(definition(*steps)), {}))
    assert str(doubt).startswith("step 'S0': CacheConfig is Enabled without ExpireAfter; step 'S1'")
    assert str(doubt).endswith(
        'and 4 more (SageMaker Developer Guide, "Caching pipeline steps"; no refusal was seen)'
    )
    assert IMAGE not in str(doubt)


def test_every_row_has_a_source_and_a_module() -> None:
    for rule in table.RULES:
        assert rule.what
        assert rule.source
        if isinstance(rule, RuleElsewhere):
            importlib.import_module(f"sagemaker_local.{rule.module}")


def rows() -> str:
    """The table, as Markdown."""
    lines = ["| rule | from | here | asked by |", "| --- | --- | --- | --- |"]
    for rule in table.RULES:
        if isinstance(rule, RuleElsewhere):
            module = rule.module
        else:
            module = rule.check.__module__.removeprefix("sagemaker_local.")
        lines.append(f"| {rule.what} | {rule.source} | {rule.outcome.value} | `{module}` |")
    return "\n".join(lines) + "\n"


def test_the_readme_has_the_table_of_rules() -> None:
    found = _TABLE.search(README.read_text(encoding="utf-8"))
    assert found is not None
    assert found.group() == rows(), f"run {Path(__file__).name} to write the table anew"


def write() -> None:
    text = README.read_text(encoding="utf-8")
    README.write_text(_TABLE.sub(lambda _: rows(), text), encoding="utf-8")


if __name__ == "__main__":
    write()
