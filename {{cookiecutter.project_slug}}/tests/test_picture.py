"""The picture of a pipeline: every step, every reference, nothing from elsewhere."""

import json
import re
from itertools import combinations
from typing import Any
from xml.etree import ElementTree

from {{ cookiecutter.package_name }}.pipelines import picture


def step(name: str, kind: str = "Processing", *needs: str, **arguments: Any) -> dict[str, Any]:
    """A step that refers to others, as the SDK writes it."""
    references = [{"Get": f"Steps.{need}.Output"} for need in needs]
    inputs = [{"Uri": {"Std:Join": {"Values": [reference]}}} for reference in references]
    return {"Name": name, "Type": kind, "Arguments": {"Inputs": inputs, **arguments}}


STEPS = [
    step("Prepare"),
    step("Train", "Training", "Prepare"),
    step("Evaluate", "Processing", "Train", "Prepare"),
    step(
        "Gate",
        "Condition",
        "Evaluate",
        IfSteps=[step("Register", "RegisterModel", "Train", "Evaluate")],
        ElseSteps=[step("Missed", "Fail", "Evaluate")],
    ),
]


def draw(steps: list[dict[str, Any]] = STEPS) -> str:
    return picture.draw(json.dumps({"Version": "2020-12-01", "Steps": steps}))


def arrows(svg: str) -> set[tuple[str, str]]:
    return set(re.findall(r'data-from="(\w+)" data-to="(\w+)"', svg))


def test_an_arrow_for_each_reference() -> None:
    assert arrows(draw()) == {
        ("Prepare", "Train"),
        ("Train", "Evaluate"),
        ("Prepare", "Evaluate"),
        ("Evaluate", "Gate"),
        ("Gate", "Register"),
        ("Train", "Register"),
        ("Evaluate", "Register"),
        ("Gate", "Missed"),
        ("Evaluate", "Missed"),
    }


def test_arrows_that_follow_from_others_are_thin() -> None:
    def heads(svg: str, start: str, end: str) -> list[str]:
        return re.findall(rf'data-from="{start}" data-to="{end}".*?#pipeline-(\w+)', svg)

    svg = draw()
    assert heads(svg, "Prepare", "Evaluate") == ["thin"]
    assert heads(svg, "Prepare", "Train") == heads(svg, "Gate", "Register") == ["plain"]


def test_both_ways_out_of_a_condition_are_labelled() -> None:
    assert re.findall(r">(yes|no)</text>", draw()) == ["yes", "no"]


def test_dependencies_without_data_count() -> None:
    later = step("Later") | {"DependsOn": ["First"]}
    assert arrows(draw([step("First"), later])) == {("First", "Later")}


def test_parameters_and_variables_are_no_steps() -> None:
    """Even where one has a step's name."""
    values = [{"Get": "Parameters.First"}, {"Get": "Execution.PipelineName"}, {"Get": 7}]
    assert arrows(draw([step("First"), step("Later", Values=values)])) == set()


def test_it_is_a_document_without_anything_from_elsewhere() -> None:
    svg = draw()
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert re.findall(r"https?://[^\"]*", svg) == ["http://www.w3.org/2000/svg"]
    assert "<script" not in svg and "<image" not in svg
    assert svg == draw()


def test_boxes_stand_apart() -> None:
    folds = [step(f"TrainFold{number}", "Training", "Prepare") for number in range(8)]
    names = [fold["Name"] for fold in folds]
    svg = draw([step("Prepare"), *folds, step("Summarize", "Processing", *names)])
    boxes = [
        (float(x), float(y))
        for x, y in re.findall(r'<g class="step">.*?<rect x="(\d+)" y="(\d+)"', svg)
    ]
    assert len(boxes) == 10
    for (x, y), (other_x, other_y) in combinations(boxes, 2):
        apart = abs(x - other_x) > picture.BOX_WIDTH or abs(y - other_y) > picture.BOX_HEIGHT
        assert apart


def test_a_notebook_shows_it() -> None:
    assert picture.draw(json.dumps({"Steps": [step("One")]}))._repr_svg_().startswith("<svg")
