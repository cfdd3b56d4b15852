"""What the service's model says of values: asked before the first step, and when one starts."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.model import Shape
from sagemaker_local import patterns
from sagemaker_local.definition.document import parse, read
from sagemaker_local.planning.checks import check
from sagemaker_local.service_model import service_model

from engine.checked import CODE, SCRIPT, changed, problems
from engine.definitions import (
    Json,
    answer_of,
    definition,
    fail,
    function,
    get,
    join,
    json_get,
    parameter,
    processing,
    register,
    training,
    transform,
    true,
)
from engine.local import Local

STEP = processing("S", CODE, arguments=["a"], outputs=["o"])
TRAIN = training("S", SCRIPT)
BATCH = transform("S", "m", "s3://b/in", "s3://b/out")
PACKAGE = register("S", "g", "s3://b/model.tar.gz")
WORDS = "AppSpecification.ContainerArguments"
INPUT = STEP["Arguments"]["ProcessingInputs"][0]
OUTPUT = STEP["Arguments"]["ProcessingOutputConfig"]["Outputs"][0]


def inputs(count: int) -> list[Json]:
    return [
        {
            "InputName": f"i{number}",
            "S3Input": INPUT["S3Input"] | {"LocalPath": f"/opt/ml/processing/i{number}"},
        }
        for number in range(count - 1)
    ] + [INPUT]


def outputs(count: int) -> list[Json]:
    return [
        {
            "OutputName": f"o{number}",
            "S3Output": OUTPUT["S3Output"] | {"LocalPath": f"/opt/ml/processing/o{number}"},
        }
        for number in range(count)
    ]


def variables(count: int) -> Json:
    return {f"v{number}": "1" for number in range(count)}


def channels(count: int) -> list[Json]:
    first = TRAIN["Arguments"]["InputDataConfig"]
    return first + [first[0] | {"ChannelName": f"c{number}"} for number in range(count - 2)]


def tags(count: int, **members: str) -> list[Json]:
    return [{"Key": f"k{number}", "Value": "v"} | members for number in range(count)]


CLUSTER = "ProcessingResources.ClusterConfig"


@pytest.mark.parametrize(
    ("item", "path", "good", "bad", "told"),
    [
        (STEP, "ProcessingInputs", inputs(10), inputs(11), "ProcessingInputs has 11 entries"),
        (STEP, "ProcessingOutputConfig.Outputs", outputs(10), outputs(11), "Outputs has 11"),
        (STEP, WORDS, ["a"] * 100, ["a"] * 101, f"{WORDS} has 101 entries"),
        (STEP, WORDS, ["a"], [], f"{WORDS} has 0 entries, and the service takes at least 1"),
        (STEP, f"{WORDS}.0", "x" * 256, "x" * 257, f"{WORDS}[0] has 257 characters"),
        (STEP, f"{WORDS}.0", "a b", "a\nb", "which does not match .* and has a line break"),
        (STEP, f"{WORDS}.0", "a\tb", "a\u2028b", "has a line break"),
        (STEP, "Environment", variables(100), variables(101), "Environment has 101 entries"),
        (STEP, "Environment", {"A_1": "b"}, {"1-A": "b"}, "Environment key '1-A' is '1-A'"),
        (STEP, "Environment", {"A": "b" * 256}, {"A": "b" * 257}, "Environment.A has 257"),
        (STEP, f"{CLUSTER}.VolumeSizeInGB", 1, 0, "VolumeSizeInGB is 0, and the service takes at"),
        (STEP, f"{CLUSTER}.InstanceCount", 1, 0, "InstanceCount is 0, and the service takes at"),
        (STEP, f"{CLUSTER}.InstanceType", "ml.m5.large", "m5.large", "such as ml.r5.large"),
        (STEP, "StoppingCondition", {"MaxRuntimeInSeconds": 1}, {"MaxRuntimeInSeconds": 0}, "is 0"),
        (STEP, "Tags", tags(50), tags(51), "Tags has 51 entries"),
        (STEP, "Tags", tags(1, Key="größe 1"), tags(1, Key="a;b"), "Tags[0].Key is 'a;b'"),
        (STEP, "Tags", tags(1, Value="一 @"), tags(1, Value="a?"), "Tags[0].Value is 'a?'"),
        (TRAIN, "InputDataConfig", channels(20), channels(21), "InputDataConfig has 21"),
        (TRAIN, "HyperParameters", variables(100), variables(101), "HyperParameters has 101"),
        (TRAIN, "HyperParameters", {"a": "b"}, {"a": "b\nc"}, "HyperParameters.a is 'b\\nc'"),
        (
            PACKAGE,
            "CustomerMetadataProperties",
            {"a b": "é"},
            {"a;b": "c"},
            "CustomerMetadataProperties key 'a;b'",
        ),
        (PACKAGE, "CustomerMetadataProperties", variables(50), variables(51), "has 51 entries"),
        (BATCH, "Environment", variables(16), variables(17), "Environment has 17 entries"),
        (STEP, "RoleArn", "arn:aws:iam::000000000000:role/r", "<ROLE>", "RoleArn is '<ROLE>'"),
    ],
)
def test_values_are_within_the_limits_of_the_model(
    item: Json, path: str, good: Any, bad: Any, told: str
) -> None:
    found = problems(changed(item, path, bad))
    assert [words for words in found if words.startswith("step 'S': ") and told in words], found
    assert problems(changed(item, path, good)) == []


def test_a_parameter_is_asked_with_the_value_of_the_start() -> None:
    item = changed(STEP, f"{CLUSTER}.InstanceType", get("Parameters.Type"))
    item = changed(item, WORDS, [join("", "a" * 250, get("Parameters.Word"))])
    parameters = [parameter("Type", "String", "ml.m5.large"), parameter("Word", "String", "b")]
    parsed = parse(definition(item, parameters=parameters))
    assert check(parsed) == []
    assert check(parsed, None, {"Type": "ml.m5.large", "Word": "b"}) == []
    found = [str(problem) for problem in check(parsed, None, {"Type": "m5", "Word": "b" * 7})]
    assert len(found) == 2
    assert f"{WORDS}[0] has 257 characters" in "\n".join(found)


NUMBERS = [parameter("N", "Integer", 3), parameter("F", "Float", 0.5), parameter("S", "String", "")]


@pytest.mark.parametrize(
    ("item", "path", "value", "told"),
    [
        (STEP, f"{WORDS}.0", get("Parameters.N"), "[Parameters.N] to argument of type [String]"),
        (STEP, f"{WORDS}.0", get("Parameters.F"), "[Parameters.F] to argument of type [String]"),
        (STEP, "Environment", {"A": get("Parameters.F")}, "Environment.A: Cannot assign property"),
        (TRAIN, "HyperParameters", {"a": get("Parameters.N")}, "HyperParameters.a: Cannot assign"),
        (STEP, f"{WORDS}.0", get("Steps.If.Outcome"), "[Steps.If.Outcome] to argument of type"),
        (
            STEP,
            f"{WORDS}.0",
            get("Steps.Before.ProcessingResources.ClusterConfig.InstanceCount"),
            "InstanceCount] to argument of type [String]",
        ),
        (STEP, f"{WORDS}.0", answer_of("F", "n"), "to argument of type [String]; it is of type I"),
        (
            STEP,
            f"{CLUSTER}.InstanceCount",
            get("Parameters.S"),
            "[Parameters.S] to argument of type [Integer]",
        ),
        (STEP, f"{CLUSTER}.InstanceCount", get("Parameters.F"), "to argument of type [Integer]"),
        (STEP, f"{CLUSTER}.InstanceCount", get("Parameters.S"), "declare the parameter as Integer"),
        (fail("S"), "ErrorMessage", get("Parameters.N"), "[Parameters.N] to argument of type [S"),
        (fail("S"), "ErrorMessage", 7, "ErrorMessage should be a string, and is 7, a number"),
    ],
)
def test_a_reference_is_of_the_type_of_its_place(
    item: Json, path: str, value: Any, told: str
) -> None:
    before = [true("If"), processing("Before", CODE), function("F", "f", {"n": "Integer"})]
    found = problems(*before, changed(item, path, value), parameters=NUMBERS)
    assert len(found) == 1
    assert told in found[0]


def test_references_of_the_right_type_and_text_that_is_joined_are_taken() -> None:
    words = [join("", get("Parameters.N")), get("Parameters.S"), get("Execution.StartDateTime")]
    item = changed(STEP, WORDS, [*words, answer_of("F", "s"), get("Steps.Before.RoleArn")])
    item = changed(item, f"{CLUSTER}.InstanceCount", get("Parameters.N"))
    before = [processing("Before", CODE), function("F", "f", {"s": "String"})]
    assert problems(*before, item, parameters=NUMBERS) == []


def test_a_value_of_the_wrong_pattern_hides_no_other_reason() -> None:
    item = changed(training("S", {"x": CODE}), "RoleArn", "my-role")
    item = changed(item, "InputDataConfig.0.InputMode", "Pipe")
    item = changed(item, "StoppingCondition.MaxRuntimeInSeconds", 3 * 10**6)
    item["Arguments"]["HyperParameters"] = {"a": get("Parameters.Nope")}
    item["DependsOn"] = ["Nowhere"]
    found = "\n".join(problems(item))
    for told in (
        "RoleArn is 'my-role'",
        "it has no script",
        "input mode Pipe",
        "MaxRuntimeInSeconds is 3000000",
        "Parameters.Nope is not a parameter",
        "DependsOn names 'Nowhere'",
    ):
        assert told in found


def test_what_is_of_another_type_hides_what_does_not_need_it_neither() -> None:
    item = changed(STEP, "ProcessingInputs", "s3://b/data")
    item = changed(item, "AppSpecification.ContainerEntrypoint", ["java"])
    item["Arguments"]["RoleArn"] = "my-role"
    found = "\n".join(problems(item))
    for told in ("ProcessingInputs should be a list", "entrypoint 'java'", "RoleArn is 'my-role'"):
        assert told in found


GIVES = """
import json, sys
values = {"n": 3, "list": [1], "none": None, "long": "x" * 300}
json.dump(values, open(sys.argv[1] + "/f.json", "w"))
"""


@pytest.mark.slow
def test_what_is_known_only_when_a_step_starts_is_refused_then_in_a_sentence(
    local: Local,
) -> None:
    made = processing(
        "Made",
        local.code(GIVES),
        outputs=["o"],
        arguments=["/opt/ml/processing/output/o"],
        files={"f": ("o", "f.json")},
    )
    code = local.code("pass")
    found = {
        "n": "3, a number",
        "list": "[1], a list",
        "none": "null, nothing",
        "long": "has 300 characters",
    }
    steps = [processing(key, code, arguments=[json_get("Made", "f", key)]) for key in found]
    run = local.run(definition(made, *steps))
    for key, told in found.items():
        reason = run.reason(key)
        assert reason.startswith("ClientError: The service would refuse it: "), reason
        assert f"{WORDS}[0] " in reason
        assert told in reason


def test_single_jobs_and_models_are_asked_the_same(local: Local) -> None:
    code = local.code("pass")
    item = processing("S", code, inputs={"a": code})
    item = changed(item, "ProcessingInputs.1.S3Input.LocalPath", "/opt/ml/processing/input/code")
    with pytest.raises(ClientError, match="'code', 'a' have the LocalPath"):
        local.begin(item)
    container = {"Image": "i", "ModelDataUrl": local.put("m", "m.zip")}
    with pytest.raises(ClientError, match="must be a single archive"):
        local.client.create_model(ModelName="m", PrimaryContainer=container)


def test_a_definition_has_at_most_a_mebibyte() -> None:
    (refusal,) = read(definition(true("S"), Metadata={"Long": "x" * 1_048_576}))[1]
    assert refusal.what.endswith("and the service takes at most 1048576")


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (".*", "a b", "a\r"),
        (r"[\S\s]*", "a\nb", None),
        (r"[a.]+", "a.", "b"),
        (r"\w+", "a_1", "é"),
        (r"[\p{L}\p{N}]+", "é1ß", "a b"),
        (r"\p{L}", "é", "1"),
        (r"arn:[\p{Alnum}\-]+", "arn:aws-1", "arn:é"),
        (r"([\p{Z}a]*)${1,128}", "a a", "b"),
        (r"[\u0020-\uD7FF\uD800\uDC00-\uDBFF\uDFFF]*", "a😀", "a\n"),
        (r"\p{Lu}", "anything", None),
    ],
)
def test_patterns_are_read_as_java_reads_them(pattern: str, good: str, bad: str | None) -> None:
    assert patterns.matches(pattern, good)
    assert bad is None or not patterns.matches(pattern, bad)


def test_every_pattern_of_the_model_can_be_read() -> None:
    model = service_model()
    shapes: list[Shape] = [model.shape_for(name) for name in model.shape_names]
    found = {shape.metadata["pattern"] for shape in shapes if "pattern" in shape.metadata}
    assert len(found) > 200
    assert [text for text in found if patterns._compiled(text, 0x7F) is None] == []
