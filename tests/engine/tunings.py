"""Tuning jobs of one script, and the training jobs that they started."""

from __future__ import annotations

from typing import Any

from engine.definitions import (
    Json,
    categorical,
    continuous,
    definition,
    tuning,
    tuning_config,
)
from engine.local import Local, Run

# The loss is the sum of the numbers; what is no number decides how a try ends.
TRY = """
import json, os, sys
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
print(json.dumps({"given": given, "threads": os.environ.get("OMP_NUM_THREADS")}))
if given.get("--end") == "fails":
    sys.exit("too deep")
if given.get("--end") != "silent":
    numbers = (given.get(name) for name in ("--rate", "--depth"))
    loss = sum(float(number) for number in numbers if number)
    print("loss=99")
    print(f"loss={'nan' if given.get('--end') == 'nan' else loss}")
with open(os.path.join(os.environ["SM_MODEL_DIR"], "model.txt"), "w") as file:
    file.write(json.dumps(given))
"""
RATE = continuous("rate", 0, 1)
DEPTH = categorical("depth", "5", "2", "9")


def tuned(local: Local, *ranges: Json, script: str = TRY, **options: Any) -> Run:
    """Run a pipeline of one tuning step."""
    return local.run(definition(tuning_step(local, *ranges, script=script, **options)))


def tuning_step(local: Local, *ranges: Json, script: str = TRY, **options: Any) -> Json:
    static = {**local.submitted(script), **options.pop("static", {})}
    passed = {key: options.pop(key) for key in ("regex", "channels", "arguments") if key in options}
    return tuning("Tune", tuning_config(*ranges, **options), static, **passed)


def listed(local: Local, job: Json, **request: Any) -> list[Json]:
    """The tuning job's training jobs, by name."""
    pages = local.client.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
    name = job["HyperParameterTuningJobName"]
    found = pages.paginate(HyperParameterTuningJobName=name, **request).build_full_result()
    return found["TrainingJobSummaries"]


def children(local: Local, run: Run) -> list[Json]:
    return listed(local, run.job("Tune"))


def combinations(summaries: list[Json]) -> list[Json]:
    return [summary["TunedHyperParameters"] for summary in summaries]


def value(summary: Json) -> float:
    return summary["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]


def counted(job: Json) -> dict[str, int]:
    """The counters that are not 0, those of the objective in small letters."""
    found = job["TrainingJobStatusCounters"]
    found |= {name.lower(): count for name, count in job["ObjectiveStatusCounters"].items()}
    return {name: count for name, count in found.items() if count}
