"""Definitions that nobody here wrote: planned, and run where all of their steps are supported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.definition.document import parse
from sagemaker_local.planning.plan import plan
from sagemaker_local.processes.runner import Runner

from engine import stand_ins
from engine.definitions import ROLE
from engine.local import Local, Run

OTHERS = Path(__file__).resolve().parents[3] / "shared" / "definitions"
OWN = Path(__file__).with_name("pipelines")
FILES = sorted([*OWN.glob("*.json"), *OTHERS.glob("*__*.json")])
# What nobody can run without the image or the service, by the words of the refusal.
OUT_OF_REACH = (
    "the built-in algorithm",
    "TensorFlow Serving",
    "Clarify",
    "the analyzer of Model Monitor",
    "is not among the MetricDefinitions",  # a built-in algorithm's own metrics need none
)


def planned(file: Path) -> list[str]:
    """The reasons why a definition cannot run."""
    text = file.read_text(encoding="utf-8")
    return [str(problem) for problem in plan(text, {}, tuple(stand_ins.functions(text))).refusals]


RUNNABLE = [file for file in FILES if not planned(file)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_definition_is_planned_or_refused_with_reasons(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    made = plan(text, {}, tuple(stand_ins.functions(text)))
    if not made.refusals:
        assert {step.name for step in made.steps} == set(parse(text).steps)
        assert all(step.wave > 0 for step in made.steps)
    for problem in made.refusals:
        assert any(words in str(problem) for words in OUT_OF_REACH), problem


def test_all_of_our_own_can_run() -> None:
    assert {file for file in RUNNABLE if file.parent == OWN} == set(OWN.glob("*.json"))


@pytest.mark.skipif(not OTHERS.is_dir(), reason="the definitions of other people are not here")
def test_definitions_of_other_people_can_run() -> None:
    assert len([file for file in RUNNABLE if file.parent == OTHERS]) >= 12


@pytest.mark.slow
@pytest.mark.parametrize("passes", [True, False], ids=["passes", "fails"])
@pytest.mark.parametrize("file", RUNNABLE, ids=lambda file: file.stem)
def test_it_runs_with_small_scripts(
    file: Path, passes: bool, tmp_path: Path, runner: Runner
) -> None:
    text = file.read_text(encoding="utf-8")
    definition = parse(text)
    local = Local(tmp_path / "root", runner, stand_ins.functions(text))
    stand_ins.prepare(local, text, passes)
    client = local.client
    client.create_pipeline(PipelineName="real", PipelineDefinition=text, RoleArn=ROLE)
    started = client.start_pipeline_execution(PipelineName="real")
    run = Run(local, started["PipelineExecutionArn"]).wait()
    steps = run.steps
    reasons = {name: step.get("FailureReason") for name, step in steps.items()}
    fails = {name for name in steps if definition.steps[name].type == "Fail"}
    assert run.status == ("Failed" if fails else "Succeeded"), json.dumps(reasons, indent=1)
    for name, step in steps.items():
        assert step["StepStatus"] == ("Failed" if name in fails else "Succeeded"), reasons[name]
    for name, planned_step in definition.steps.items():
        branch = planned_step.branch
        if branch and branch.condition in steps:
            decided = {"Condition": {"Outcome": str(branch.outcome)}}
            taken = steps[branch.condition]["Metadata"] == decided
            # A Fail step ends the run before what else was ready.
            assert name not in steps if not taken else name in steps or fails


def hosts_of(file: Path) -> dict[str, str]:
    """The parameters of a definition that say how many hosts its jobs have."""
    names = parse(file.read_text(encoding="utf-8")).parameters
    return {name: "2" for name in names if name.endswith("InstanceCount")}


WITH_COUNTS = [file for file in RUNNABLE if hosts_of(file)]


@pytest.mark.slow
@pytest.mark.skipif(not WITH_COUNTS, reason="the definitions of other people are not here")
def test_one_whose_jobs_have_two_hosts_runs_on_two(tmp_path: Path, runner: Runner) -> None:
    (file, *_) = [file for file in WITH_COUNTS if "ShardedByS3Key" in file.read_text()]
    text = file.read_text(encoding="utf-8")
    local = Local(tmp_path / "root", runner, stand_ins.functions(text))
    stand_ins.prepare(local, text, True)
    run = local.run(text, hosts_of(file), name="real")
    assert run.status == "Succeeded", {n: s.get("FailureReason") for n, s in run.steps.items()}
    of_two = {path.parent.name for path in local.root.glob("jobs/*/algo-2")}
    counted = [step.name for step in parse(text).steps.values() if _counts(step.arguments)]
    assert counted
    for name in counted:
        assert run.arn_of(name).rpartition("/")[2] in of_two, "the second host was there"


def _counts(value: Any) -> bool:
    """Does a step take the count of its hosts from a parameter?"""
    if not isinstance(value, dict):
        return False
    count = value.get("InstanceCount")
    return isinstance(count, dict) or any(_counts(item) for item in value.values())
