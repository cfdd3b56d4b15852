"""References and functions: found before a run, resolved in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sagemaker_local.definition.expressions import (
    follow,
    function_of,
    parse_json_path,
    parse_path,
    parse_reference,
    references,
    resolve,
)
from sagemaker_local.definition.values import as_text
from sagemaker_local.errors import StepFailure

from engine.definitions import get, join, json_get, output_of

DESCRIBED = {
    "ProcessingOutputConfig": {
        "Outputs": [
            {"OutputName": "train", "S3Output": {"S3Uri": "s3://b/train"}},
            {"OutputName": "test", "S3Output": {"S3Uri": "s3://b/test"}},
        ]
    },
    "ProcessingInputs": [{"InputName": "code", "S3Input": {"S3Uri": "s3://b/code"}}],
    "FinalMetricDataList": [{"MetricName": "validation:rmse", "Value": 1.5}],
    "InputDataConfig": [{"ChannelName": "train"}],
    "ExitMessage": "bye",
}
FILE = {
    "regression_metrics": {"mse": {"value": 4.0}},
    "Result": {"a": {"b": True}},
    "list": [{"Name": "n", "x": 7}, 2],
    "0": "zero",
    "nothing": None,
    "infinite": float("inf"),
}


class Context:
    """Values as an execution would give them."""

    def parameter(self, name: str) -> Any:
        return {"N": 5, "F": 3.0, "B": True, "S": "text"}[name]

    def execution_variable(self, name: str) -> Any:
        return {"PipelineName": "pipe"}[name]

    def step(self, name: str) -> Mapping[str, Any]:
        return {"Prep": DESCRIBED}[name]

    def property_file(self, step: str, name: str) -> Any:
        return {("Prep", "Eval"): FILE}[step, name]

    def json_object(self, uri: str) -> Any:
        return {"s3://b/x.json": FILE}[uri]


CONTEXT = Context()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a.b.c", ("a", "b", "c")),
        ("Result['a'][\"b\"]", ("Result", "a", "b")),
        ("a[0].b[12]", ("a", 0, "b", 12)),
        ("a['x.y']['it is']", ("a", "x.y", "it is")),
        ("a-b_c.d", ("a-b_c", "d")),
        ("['a']", ("a",)),
        ("", ()),
    ],
)
def test_paths_are_read(text: str, path: tuple[Any, ...]) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize("text", ["a..b", "a[", "a[-1]", "a['b]", "a b", "$.a", "a.[0]", "a."])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a path"):
        parse_path(text)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("$", ()),
        ("$.a.b", ("a", "b")),
        ("$['a'][0]", ("a", 0)),
        ("a[-1].b", ("a", -1, "b")),
        ("report.0.f1-score", ("report", "0", "f1-score")),
        ("Result['a']['b.c']", ("Result", "a", "b.c")),
    ],
)
def test_paths_in_json_are_json_path(text: str, path: tuple[Any, ...]) -> None:
    assert parse_json_path(text) == path


@pytest.mark.parametrize("text", ["", "$a", "$$", "a..b", "a[*]", "a.*", "a[0:1]", "a[0,1]", "a["])
def test_a_path_in_json_is_to_a_single_value(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a path to one value|Path is empty"):
        parse_json_path(text)


def test_references_are_taken_apart() -> None:
    reference = parse_reference("Steps.Prep.Outputs['train'].S3Output[0]")
    assert (reference.root, reference.name) == ("Steps", "Prep")
    assert reference.path == ("Outputs", "train", "S3Output", 0)
    assert parse_reference("Parameters.N").path == ()
    assert "Prep" in reference.text


@pytest.mark.parametrize("text", ["", "Parameters", "Parameters.", "Step.A.b", "N", 7, None, []])
def test_what_is_no_reference_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match="is not Parameters"):
        parse_reference(text)


def test_every_reference_is_found_at_any_depth() -> None:
    value = {
        "a": [get("Parameters.N"), {"b": join("/", get("Steps.A.X"), "c")}],
        "d": json_get("B", "Eval", "x.y"),
        "e": {"Std:JsonGet": {"S3Uri": join("/", get("Steps.C.Y"), "f"), "Path": "p"}},
        "Get": "plain",
        "other": 1,
    }
    assert [r.name for r in references(value)] == ["N", "A", "B", "C"]


def test_a_dictionary_with_more_members_is_no_function() -> None:
    assert function_of({"Get": "Parameters.N"}) == "Get"
    assert function_of({"Get": "Parameters.N", "x": 1}) is None
    assert function_of({"Std:Unknown": []}) is None
    assert function_of(["Get"]) is None
    plain = {"Get": "Parameters.N", "x": 1}
    assert resolve(plain, CONTEXT) == plain


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (get("Parameters.N"), 5),
        (get("Execution.PipelineName"), "pipe"),
        (output_of("Prep", "test"), "s3://b/test"),
        (get("Steps.Prep.ProcessingInputs['code'].S3Input.S3Uri"), "s3://b/code"),
        (get("Steps.Prep.FinalMetricDataList['validation:rmse'].Value"), 1.5),
        (get("Steps.Prep.FinalMetricDataList[0].Value"), 1.5),
        (get("Steps.Prep.ExitMessage"), "bye"),
        (json_get("Prep", "Eval", "regression_metrics.mse.value"), 4.0),
        (json_get("Prep", "Eval", "Result['a']['b']"), True),
        (json_get("Prep", "Eval", "list[0].x"), 7),
        (json_get("Prep", "Eval", "list[1]"), 2),
        (json_get("Prep", "Eval", "nothing"), None),
        (json_get("Prep", "Eval", "$.list[-1]"), 2),
        (json_get("Prep", "Eval", "list"), [{"Name": "n", "x": 7}, 2]),
        ({"Std:JsonGet": {"S3Uri": join("/", "s3:/", "b", "x.json"), "Path": "Result.a.b"}}, True),
        (join("/", "s3:/", get("Execution.PipelineName"), get("Parameters.N")), "s3://pipe/5"),
        (join("", get("Parameters.F"), " ", get("Parameters.B")), "3.0 true"),
        (join("-", join("+", 1, 2), 0.1), "1+2-0.1"),
        ([get("Parameters.S"), {"x": get("Parameters.N")}], ["text", {"x": 5}]),
    ],
)
def test_expressions_have_values(expression: Any, value: Any) -> None:
    assert resolve(expression, CONTEXT) == value


def test_values_keep_their_type_and_the_expression_is_not_changed() -> None:
    expression = {"a": get("Parameters.F"), "b": [get("Parameters.B")]}
    assert repr(resolve(expression, CONTEXT)) == "{'a': 3.0, 'b': [True]}"
    assert expression == {"a": {"Get": "Parameters.F"}, "b": [{"Get": "Parameters.B"}]}


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("Outputs['train']", "Outputs"),
        ("ProcessingOutputConfig.Outputs['trian'].S3Output", "trian"),
        ("FinalMetricDataList[3]", "3"),
        ("ExitMessage.length", "length"),
        ("ProcessingOutputConfig[0]", "0"),
    ],
)
def test_a_value_that_is_not_there_is_named(path: str, part: str) -> None:
    with pytest.raises(StepFailure, match=rf"no '?{part}'? in it"):
        resolve(get(f"Steps.Prep.{path}"), CONTEXT)


def test_a_json_path_that_is_not_there_names_file_and_step() -> None:
    with pytest.raises(StepFailure, match=r"regression_metrics\.rmse of Eval, property file of Pr"):
        resolve(json_get("Prep", "Eval", "regression_metrics.rmse"), CONTEXT)


def test_entries_of_a_list_in_json_have_no_names() -> None:
    with pytest.raises(StepFailure, match="no 'n' in it"):
        resolve(json_get("Prep", "Eval", "list['n'].x"), CONTEXT)


def test_what_python_writes_and_json_does_not_have_is_no_value() -> None:
    with pytest.raises(StepFailure, match=r"infinite of Eval.* is inf, which is no number in JSON"):
        resolve(json_get("Prep", "Eval", "infinite"), CONTEXT)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (json_get("Prep", "Eval", "nothing"), "null, nothing"),
        (json_get("Prep", "Eval", "list[0]"), r'{"Name": "n", "x": 7}, an object'),
        (get("Steps.Prep.InputDataConfig"), r'\[{"ChannelName": "train"}\], a list'),
    ],
)
def test_what_is_no_plain_value_is_not_joined(value: Any, said: str) -> None:
    with pytest.raises(StepFailure, match=f"one of its Values is {said}"):
        resolve(join("-", "a", value), CONTEXT)


@pytest.mark.parametrize("document", [None, 3, "text", [1, 2], [[1]], [None], {}])
def test_following_a_path_never_ends_in_another_error(document: Any) -> None:
    for path in [("a",), (0, "a"), ("a", 0), (7,)]:
        with pytest.raises(StepFailure):
            follow(document, path, "it")


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.0, "3.0"), (3, "3"), (True, "true"), (False, "false"), ("a", "a"), (0.1, "0.1")],
)
def test_join_writes_values_as_the_service_does(value: Any, text: str) -> None:
    assert as_text(value) == text
