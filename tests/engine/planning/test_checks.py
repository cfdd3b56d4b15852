"""What this engine cannot do is refused before the first step, every reason in one error."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.definition.document import parse
from sagemaker_local.errors import DefinitionError
from sagemaker_local.planning.checks import check
from sagemaker_local.steps.step_types import NOT_RUN

from engine.definitions import (
    Json,
    artifacts_of,
    compare,
    condition,
    definition,
    fail,
    false,
    get,
    join,
    json_get,
    model,
    output_of,
    parameter,
    processing,
    register,
    step,
    training,
    true,
)

CODE = "s3://sagemaker-local/code"
SCRIPT = {"code": CODE, "sm_drivers": "s3://sagemaker-local/drivers"}
REAL = Path(__file__).resolve().parents[4] / "shared" / "definitions"


def problems(*steps: Json, parameters: Any = ()) -> list[str]:
    return [str(problem) for problem in check(parse(definition(*steps, parameters=parameters)))]


def changed(item: Json, path: str, value: Any) -> Json:
    """A step with another value at a path in its arguments, such as ``A.B.0``."""
    copied: Json = json.loads(json.dumps(item))
    *parents, last = path.split(".")
    current: Any = copied["Arguments"]
    for part in parents:
        current = current[int(part) if part.isdigit() else part]
    current[int(last) if last.isdigit() else last] = value
    return copied


def whole() -> list[Json]:
    """A pipeline with everything that is run."""
    gate = compare("GreaterThanOrEqualTo", json_get("Evaluate", "Eval", "gate.value"), 0.5)
    other = {
        "Type": "Not",
        "Condition": {
            "Type": "Or",
            "Conditions": [
                {"Type": "In", "QueryValue": get("Parameters.Status"), "Values": ["x"]},
                compare("Equals", get("Execution.PipelineName"), "none"),
            ],
        },
    }
    return [
        processing(
            "Prepare",
            CODE,
            inputs={"data": get("Parameters.Data")},
            outputs=["train"],
            arguments=["--rows", join("", get("Parameters.Rows"))],
            environment={"MODE": get("Parameters.Status")},
            CacheConfig={"Enabled": True},
        ),
        training(
            "Train",
            {"train": output_of("Prepare", "train"), **SCRIPT},
            hyperparameters={"eta": "0.1", "depth": get("Parameters.Rows")},
            metrics={"rmse": "rmse=(.*)"},
        ),
        processing(
            "Evaluate",
            CODE,
            inputs={"model": artifacts_of("Train")},
            outputs=["report"],
            files={"Eval": ("report", "evaluation.json")},
        ),
        condition(
            "Gate",
            [gate, other],
            [
                model("Model", artifacts_of("Train")),
                register("Register", "group", artifacts_of("Train")),
            ],
            [fail("Missed", join("", "it is ", json_get("Evaluate", "Eval", "gate.value")))],
        ),
        processing(
            "After",
            CODE,
            arguments=[get("Steps.Gate.Outcome"), get("Steps.Train.FinalMetricDataList[0].Value")],
            DependsOn=["Register"],
        ),
    ]


PARAMETERS = [
    parameter("Data", "String", "s3://b/data"),
    parameter("Rows", "Integer", 5),
    parameter("Status", "String", "on"),
]


def test_a_definition_of_all_that_is_run_has_no_problem() -> None:
    assert problems(*whole(), parameters=PARAMETERS) == []


@pytest.mark.parametrize("kind", sorted(NOT_RUN))
def test_step_types_that_are_not_run_say_why(kind: str) -> None:
    (problem,) = problems(step("S", kind, {}))
    assert problem == f"step 'S': type {kind}: {NOT_RUN[kind]}"


def test_the_members_of_refused_types_do_not_hide_the_reason() -> None:
    found = problems(
        step("C", "Callback", {}, SqsQueueUrl="url", OutputParameters=[]),
        step("Q", "QualityCheck", {}, CheckType="DATA_QUALITY", SkipCheck=False),
    )
    assert len(found) == 2
    assert all("type" in problem for problem in found)


def test_an_unknown_step_type_is_refused() -> None:
    assert problems(step("S", "Traning", {})) == [
        "step 'S': type Traning: this step type is not known"
    ]


PROCESSING = processing("S", CODE, outputs=["o"])
TRAINING = training("S", SCRIPT)
INPUT, OUTPUT = "ProcessingInputs.0", "ProcessingOutputConfig.Outputs.0"
CHANNEL = "InputDataConfig.0"
SOURCE = f"{CHANNEL}.DataSource.S3DataSource"


@pytest.mark.parametrize(
    ("item", "path", "value", "expected"),
    [
        (PROCESSING, "Surprise", 1, "the argument Surprise is not run locally"),
        (PROCESSING, "AppSpecification.ContainerEntrypoint", [], "no ContainerEntrypoint"),
        (PROCESSING, "AppSpecification", {"ImageUri": "i"}, "no ContainerEntrypoint"),
        (PROCESSING, "AppSpecification.ContainerEntrypoint", ["java"], "entrypoint 'java'"),
        (PROCESSING, f"{INPUT}", {"InputName": "d", "DatasetDefinition": {}}, "only S3 inputs"),
        (PROCESSING, f"{INPUT}.S3Input.S3InputMode", "Pipe", "input mode Pipe"),
        (PROCESSING, f"{INPUT}.S3Input.S3DataType", "ManifestFile", "data type ManifestFile"),
        (PROCESSING, f"{INPUT}.S3Input.S3CompressionType", "Gzip", "compressed inputs"),
        (PROCESSING, f"{INPUT}.S3Input.LocalPath", "/data", "is not below /opt/ml/"),
        (PROCESSING, f"{INPUT}.S3Input.LocalPath", "/opt/ml/../../etc", "is not below /opt/ml/"),
        (PROCESSING, f"{OUTPUT}.S3Output.LocalPath", "/tmp/out", "is not below /opt/ml/"),
        (
            PROCESSING,
            f"{OUTPUT}.S3Output",
            {"S3Uri": "s3://b/o", "S3UploadMode": "EndOfJob"},
            "needs a LocalPath and an S3Uri",
        ),
        (PROCESSING, OUTPUT, {"OutputName": "o", "AppManaged": True}, "only S3 outputs"),
        (TRAINING, "AlgorithmSpecification.TrainingInputMode", "Pipe", "input mode Pipe"),
        (TRAINING, f"{CHANNEL}.InputMode", "Pipe", "channel 'code': input mode Pipe"),
        (TRAINING, f"{CHANNEL}.CompressionType", "Gzip", "compressed channels"),
        (TRAINING, f"{CHANNEL}.RecordWrapperType", "RecordIO", "not wrapped in RecordIO"),
        (TRAINING, "OutputDataConfig.CompressionType", "NONE", "always a model.tar.gz"),
        (TRAINING, f"{SOURCE}.S3DataType", "ManifestFile", "data type ManifestFile"),
        (
            TRAINING,
            f"{CHANNEL}.DataSource",
            {"FileSystemDataSource": {}},
            "FileSystemDataSource.FileSystemId is missing",
        ),
        (TRAINING, f"{CHANNEL}.DataSource", {}, "only S3 channels"),
        (TRAINING, "InputDataConfig", [], "it has no script"),
        (
            TRAINING,
            "AlgorithmSpecification.MetricDefinitions",
            [{"Name": "m", "Regex": "("}],
            "metric 'm'",
        ),
        (register("S", "g", "s3://b/m"), "ModelPackageGroupName", None, "ModelPackageGroupName"),
    ],
)
def test_arguments_that_are_not_run_are_refused(
    item: Json, path: str, value: Any, expected: str
) -> None:
    found = problems(changed(item, path, value))
    assert any(problem.startswith("step 'S': ") and expected in problem for problem in found), found


@pytest.mark.parametrize(
    ("item", "path", "value", "expected"),
    [
        (PROCESSING, "AppSpecification", {}, "AppSpecification.ImageUri is missing"),
        (PROCESSING, "AppSpecification.ContainerEntrypoint", "python3", "should be a list"),
        (PROCESSING, "AppSpecification.ContainerEntrypoint", get("Parameters.P"), "be a list"),
        (PROCESSING, "AppSpecification.Shell", "sh", "unknown property AppSpecification.Shell"),
        (PROCESSING, "ProcessingInputs", {}, "ProcessingInputs should be a list"),
        (PROCESSING, f"{INPUT}", get("Parameters.P"), "ProcessingInputs[0] should be a structure"),
        (PROCESSING, f"{INPUT}.S3Input.S3Uri", 7, "S3Input.S3Uri should be a string"),
        (PROCESSING, "ProcessingResources.ClusterConfig.InstanceCount", "1", "be a integer"),
        (PROCESSING, "ProcessingResources.ClusterConfig.InstanceCount", True, "be a integer"),
        (PROCESSING, "Environment", {"A": 1}, "Environment.A should be a string"),
        (TRAINING, "HyperParameters", {"eta": 0.1}, "HyperParameters.eta should be a string"),
        (TRAINING, "OutputDataConfig", {}, "OutputDataConfig.S3OutputPath is missing"),
        (model("S", "s3://b/m"), "PrimaryContainer", "image", "should be a structure"),
    ],
)
def test_arguments_have_the_shape_of_the_services_request(
    item: Json, path: str, value: Any, expected: str
) -> None:
    found = problems(changed(item, path, value), parameters=[parameter("P", "String", "x")])
    assert any(expected in problem for problem in found), found


def test_requests_without_required_members_are_refused() -> None:
    found = problems(step("P", "Processing", {}), step("T", "Training", {}))
    assert {p.split(": ", 1)[1] for p in found} >= {
        "AppSpecification is missing",
        "ProcessingResources is missing",
        "OutputDataConfig is missing",
    }
    assert not any("JobName" in problem for problem in found)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (get("Parameters.Rws"), "Parameters.Rws is not a parameter of this pipeline"),
        (get("Execution.Start"), "Execution.Start is not an execution variable"),
        (get("Execution.TrainingJobName"), "not an execution variable that has a value here"),
        (get("Steps.Nowhere.ExitMessage"), "refers to a step that this pipeline does not have"),
        (get("Steps.Prepare.ExitMesage"), "has no property 'ExitMesage'"),
        (get("Steps.Prepare.ExitMessage.Text"), "has no property 'Text'"),
        (
            get("Steps.Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.Uri"),
            "has no property 'Uri'",
        ),
        (get("Steps.Prepare.Environment['A']['B']"), "has no property 'B'"),
        (get("Steps.Gate.Result"), "a Condition step has the property Outcome only"),
        (get("Steps.Missed.ErrorMessage"), "a Fail step has no properties"),
        (get("Steps.Prepare.ProcessingOutputConfig.Outputs[x]"), "is not a path"),
        (get("Somewhere.Else"), "is not Parameters"),
        ({"Get": 7}, "is not Parameters"),
        (json_get("Prepare", "Eval", "a.b"), "step 'Prepare' declares no property file 'Eval'"),
        (json_get("Evaluate", "Evl", "a.b"), "declares no property file 'Evl'"),
        (json_get("Evaluate", "Eval", "a..b"), "is not a path"),
        ({"Std:JsonGet": {"Path": "a"}}, "Std:JsonGet needs S3Uri, or a PropertyFile"),
        ({"Std:JsonGet": {"S3Uri": "s3://b/x"}}, "Std:JsonGet needs Path"),
        ({"Std:JsonGet": {"PropertyFile": "Eval", "Path": "a"}}, "needs S3Uri, or a PropertyFile"),
        ({"Std:JsonGet": []}, "Std:JsonGet has no arguments"),
        ({"Std:Join": {"On": "/"}}, "Std:Join needs On"),
        ({"Std:Join": {"On": 1, "Values": []}}, "Std:Join needs On"),
        (join("/", join("", get("Parameters.Rws"))), "Parameters.Rws is not a parameter"),
    ],
)
def test_references_that_cannot_be_resolved_are_refused(value: Any, expected: str) -> None:
    last = processing("Last", CODE, arguments=[value])
    found = problems(*whole(), last, parameters=PARAMETERS)
    assert len(found) == 1
    assert found[0].startswith("step 'Last': ")
    assert expected in found[0]


@pytest.mark.parametrize(
    "path",
    [
        "ProcessingOutputConfig.Outputs['a'].S3Output.S3Uri",
        "ProcessingInputs['a'].S3Input.LocalPath",
        "ProcessingJobArn",
        "Environment['A']",
        "ProcessingEndTime",
    ],
)
def test_every_property_of_the_describe_response_may_be_referenced(path: str) -> None:
    after = processing("After", CODE, arguments=[get(f"Steps.Before.{path}")])
    before = processing("Before", CODE, inputs={"a": CODE}, outputs=["a"])
    assert problems(before, after) == []


OUTPUTS = "ProcessingOutputConfig.Outputs"


@pytest.mark.parametrize(
    ("step_name", "path", "missing"),
    [
        ("Prepare", f"{OUTPUTS}['trian'].S3Output.S3Uri", "trian"),
        ("Prepare", f"{OUTPUTS}[1].S3Output.S3Uri", 1),
        ("Prepare", "ProcessingInputs['dta'].S3Input.S3Uri", "dta"),
        ("Prepare", "ProcessingInputs[2].InputName", 2),
        ("Train", "InputDataConfig['trian'].ContentType", "trian"),
        ("Train", "FinalMetricDataList['rmsle'].Value", "rmsle"),
        ("Train", "FinalMetricDataList[1].Value", 1),
        ("Model", "Containers[0].Image", 0),
        ("Bare", f"{OUTPUTS}['train'].S3Output.S3Uri", "train"),
        ("Bare", "ProcessingInputs['data'].InputName", "data"),
    ],
)
def test_names_and_places_that_a_list_does_not_have_are_refused(
    step_name: str, path: str, missing: str | int
) -> None:
    bare = processing("Bare", CODE)
    del bare["Arguments"]["ProcessingInputs"]
    last = processing("Last", CODE, arguments=[get(f"Steps.{step_name}.{path}")])
    (problem,) = problems(*whole(), bare, last, parameters=PARAMETERS)
    assert problem.startswith(f"step 'Last': Steps.{step_name}.")
    assert problem.endswith(f": step {step_name!r} has no {missing!r} there")


def test_names_that_an_expression_gives_may_be_there() -> None:
    metrics = [{"Name": get("Parameters.Status"), "Regex": "x"}]
    train = training("Train", SCRIPT)
    train["Arguments"]["AlgorithmSpecification"]["MetricDefinitions"] = metrics
    last = processing("Last", CODE, arguments=[get("Steps.Train.FinalMetricDataList['on'].Value")])
    assert problems(train, last, parameters=PARAMETERS) == []


def test_every_wrong_key_is_told_in_one_error() -> None:
    wrong = [get(f"Steps.Prepare.{OUTPUTS}['{name}'].S3Output.S3Uri") for name in "abc"]
    found = problems(*whole(), processing("Last", CODE, arguments=wrong), parameters=PARAMETERS)
    assert len(found) == 3


@pytest.mark.parametrize(
    ("item", "member"),
    [
        (true("S"), "CacheConfig"),
        (fail("S"), "CacheConfig"),
        (model("S", "s3://b/m"), "CacheConfig"),
        (register("S", "g", "s3://b/m"), "CacheConfig"),
        (training("S", SCRIPT), "PropertyFiles"),
        (true("S"), "PropertyFiles"),
        (fail("S"), "RetryPolicies"),
    ],
)
def test_members_that_mean_nothing_for_a_type_are_refused(item: Json, member: str) -> None:
    value: Any = {
        "CacheConfig": {"Enabled": True},
        "PropertyFiles": [{"PropertyFileName": "f", "OutputName": "o", "FilePath": "f.json"}],
        "RetryPolicies": [{"ExceptionType": ["Step.THROTTLING"]}],
    }[member]
    (problem, *_) = problems(item | {member: value})
    assert problem == f"step 'S': a {item['Type']} step has no {member}"


def test_a_property_file_is_in_an_output() -> None:
    (problem,) = problems(processing("S", CODE, outputs=["o"], files={"File": ("x", "a.json")}))
    assert problem == "step 'S': the property file 'File' is in 'x', which is no output"


def test_depends_on_names_steps_that_can_be_waited_for() -> None:
    assert problems(
        fail("Stop"),
        processing("A", CODE, DependsOn=["Nowhere"]),
        processing("B", CODE, DependsOn=["Stop"]),
    ) == [
        "step 'A': DependsOn names 'Nowhere', which is not a step of this pipeline",
        "step 'B': DependsOn names the Fail step 'Stop'; nothing can depend on a Fail step",
    ]


def test_steps_that_cannot_be_retried_have_no_policies() -> None:
    policies = [{"ExceptionType": ["Step.THROTTLING"]}]
    assert problems(processing("S", CODE, RetryPolicies=policies)) == []
    assert problems(true("If", RetryPolicies=policies)) == [
        "step 'If': a Condition step has no RetryPolicies"
    ]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([], "it has no Conditions"),
        ("Equals", "it has no Conditions"),
        ([compare("Equal", 1, 1)], "'Equal' is not a condition type"),
        ([7], "7 is not a condition type"),
        ([{"Type": "Equals", "LeftValue": 1}], "the condition Equals has no RightValue"),
        ([{"Type": "In", "QueryValue": 1, "Values": 2}], "the Values of the condition In"),
        ([{"Type": "Not"}], "the condition Not has no Condition"),
        ([{"Type": "Not", "Condition": compare("Equal", 1, 1)}], "'Equal' is not a condition type"),
        ([{"Type": "Or", "Conditions": []}], "it has no Conditions"),
        ([{"Type": "Or", "Conditions": [{"Type": "Xor"}]}], "'Xor' is not a condition type"),
    ],
)
def test_conditions_that_cannot_be_decided_are_refused(conditions: Any, expected: str) -> None:
    found = problems(step("If", "Condition", {"Conditions": conditions}))
    assert any(expected in problem for problem in found), found


def test_all_reasons_are_listed_and_name_their_steps() -> None:
    found = problems(
        step("Tune", "Tuning", {}),
        true("If", step("Call", "EMR", {}), else_steps=[step("Wait", "Callback", {})]),
        changed(processing("S", CODE), f"{INPUT}.S3Input.S3InputMode", "Pipe"),
        false("Other", processing("Last", CODE, arguments=[get("Parameters.No")], DependsOn=["X"])),
    )
    assert [problem.split("'")[1] for problem in found] == [
        "Tune",
        "Call",
        "Wait",
        "S",
        "Last",
        "Last",
    ]


def test_a_cycle_is_refused() -> None:
    (problem,) = problems(
        processing("A", CODE, outputs=["o"], DependsOn=["B"]),
        processing("B", CODE, inputs={"x": output_of("A", "o")}),
    )
    assert problem == "steps wait for each other: A -> B -> A"


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of everything in a JSON document."""
    yield path
    items: Any = value.items() if isinstance(value, dict) else ()
    for key, item in enumerate(value) if isinstance(value, list) else items:
        yield from places(item, (*path, key))


def put(document: Any, path: tuple[Any, ...], value: Any) -> None:
    for part in path[:-1]:
        document = document[part]
    document[path[-1]] = value


def test_wherever_a_value_is_wrong_the_answer_is_a_reason_and_no_crash() -> None:
    """One value at a time of a good definition is replaced, each by several wrong ones."""
    good = definition(*whole(), parameters=PARAMETERS)
    chosen = random.Random(7)
    for place in list(places(json.loads(good)))[1:]:
        for wrong in chosen.sample([None, True, 7, "x", [], [7], {}, {"x": 1}, get("x")], 3):
            document = json.loads(good)
            put(document, place, wrong)
            try:
                check(parse(json.dumps(document)))
            except DefinitionError as error:
                assert error.refusals
            except Exception as error:
                raise AssertionError(f"{place} = {wrong!r} ends in {error!r}") from error


def real_definitions() -> list[Path]:
    return sorted(file for file in REAL.glob("*.json") if file.name != "manifest.json")


@pytest.mark.parametrize("file", real_definitions() or [None], ids=lambda file: file and file.stem)
def test_real_definitions_pass_or_are_refused_with_reasons(file: Path | None) -> None:
    if file is None:
        pytest.skip(f"the public definitions are not at {REAL}")
    parsed = parse(file.read_text(encoding="utf-8"))
    names = {f"step {name!r}" for name in parsed.steps}
    for problem in check(parsed):
        assert problem.where in names
        assert "is not known" not in problem.what
        assert "unknown property" not in problem.what
        assert " missing" not in problem.what
