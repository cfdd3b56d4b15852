"""A tuning job: a training job for each try, and which of them is the best.

Each try is an ordinary training job with a log and a model of its own; the objective is the last
value of its metric in that log. ``tuning_search`` says what to try. The jobs run side by
side as ``MaxParallelTrainingJobs`` allows, and a Bayesian search asks for the n-th try once it
knows the results of all but the last so many: with one ``RandomSeed`` the tries are the same every
time.

A try that fails counts as failed, and the others go on; as in the service, five failures before
the first success end the tuning. Everything else that is told of the tries is read from their
Describe responses. Source: "Automatic model tuning" in the SageMaker Developer Guide.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sagemaker_local.cache.signature import Signing
from sagemaker_local.definition.support import Settings, table
from sagemaker_local.errors import StepFailure
from sagemaker_local.jobs import algorithm, training, tuning_search
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.jobs.kind import JobContext, JobKind
from sagemaker_local.jobs.training_metrics import described
from sagemaker_local.jobs.tuning_run import OBJECTIVE, RESOURCE, TuningRun
from sagemaker_local.jobs.tuning_trials import (
    best_first,
    config_of,
    summary,
    training_jobs,
)
from sagemaker_local.names import tuning_job_name
from sagemaker_local.storage.store import Document, Store, members_of

_TOP_MODELS = 50

SETTINGS = Settings(
    table(
        "HyperParameterTuningJobConfig TrainingJobDefinition", "HyperParameterTuningJobName Tags"
    ),
    parts={"TrainingJobDefinition": training.SETTINGS},
    instead={
        "WarmStartConfig": (
            "leave it out, and the search starts without what an earlier one has found, or give "
            "narrower ranges"
        ),
        "TrainingJobDefinitions": "give one TrainingJobDefinition, and a tuning job for each other",
        "Autotune": "leave it out, and give ParameterRanges and a Strategy",
    },
)


def refusals(request: Document) -> Iterator[str]:
    """Why a request cannot run here."""
    config = config_of(request)
    yield from tuning_search.refusals(config)
    definition = request.get("TrainingJobDefinition")
    if definition is None:
        yield "it has no TrainingJobDefinition"
        return
    for member in ("TuningObjective", "HyperParameterRanges"):
        if member in definition:
            yield f"{member} of a TrainingJobDefinition is not run locally; give the tuning job's"
    static = definition.get("StaticHyperParameters") or {}
    tuned = tuple(name for name in tuning_search.tuned_names(config) if isinstance(name, str))
    yield from training.refusals({**definition, "HyperParameters": static}, tuned)
    for name in tuned:
        if name in static:
            yield f"{name} has a range, and is one of the StaticHyperParameters too"
    metric = config.get("HyperParameterTuningJobObjective", {}).get("MetricName")
    specification = definition["AlgorithmSpecification"]
    if algorithm.of(specification.get("TrainingImage")):
        return  # the algorithm's metrics need no definitions
    metrics = specification.get("MetricDefinitions") or []
    if isinstance(metric, str) and metric not in [item["Name"] for item in metrics]:
        yield f"the objective {metric!r} is not among the MetricDefinitions; no log would tell it"


def run(job: Document, context: JobContext) -> Document:
    """Run one job; gives its counters and its best training job.

    Args:
        job: its Describe response so far, the Create request in it.
        context: its folder and log, the launcher, and the jobs among which its own will be.

    Raises:
        StepFailure: it cannot run, or no try has an objective.
        Stopped: it was stopped, and its tries with it.
    """
    for refusal in tuning_search.refusals(config_of(job)):
        raise StepFailure(f"The job cannot run: {refusal}.")
    return TuningRun(job, context).run()


def properties(job: Document, store: Store) -> Document:
    """``TrainingJobSummaries``, best first: ``[0]`` is the best model's, up to ``[49]``."""
    ranked = best_first(job, training_jobs(job, store))
    return {"TrainingJobSummaries": [summary(job, child) for child in ranked[:_TOP_MODELS]]}


def starts_with(job: Document) -> Document:
    """The definition of its training jobs, with what the service adds to that, and the SDK's
    ``HyperparameterTuner.attach`` takes away again."""
    definition = job["TrainingJobDefinition"]
    static = dict(definition.get("StaticHyperParameters", {}))
    objective = config_of(job).get("HyperParameterTuningJobObjective")
    if objective:
        static[OBJECTIVE] = objective["MetricName"]
    added = {**described(definition), "StaticHyperParameters": static}
    return {"TrainingJobDefinition": {**definition, **added}}


def best_model(job: Document, folder: JobFolder) -> dict[str, Path | None]:
    """Where the best training job's model is; its file is in that job's folder."""
    definition = job["TrainingJobDefinition"]
    best = {**definition, "TrainingJobName": job["BestTrainingJob"]["TrainingJobName"]}
    return dict.fromkeys(training.artifacts(best)["ModelArtifacts"].values())


def list_summary(job: Document) -> Document:
    """What a list of tuning jobs has beside name, times and status."""
    config = config_of(job)
    found = members_of(job, ("TrainingJobStatusCounters", "ObjectiveStatusCounters"))
    return found | {"Strategy": config["Strategy"], "ResourceLimits": config["ResourceLimits"]}


def sign(signing: Signing, request: Document) -> None:
    """Add what makes a job's result to a signature."""
    signing.setting("tuning", request.get("HyperParameterTuningJobConfig", {}))
    signing.library("optuna")
    job = request.get("TrainingJobDefinition", {})
    signing.settings(job, "AlgorithmSpecification")
    signing.hosts(host_count(request))
    training.sign_script(signing, job, job.get("StaticHyperParameters", {}))


def host_count(request: Document) -> int:
    """How many hosts a request asks for, for each of its training jobs."""
    return training.host_count(request.get("TrainingJobDefinition", {}))


KIND = JobKind(
    resource=RESOURCE,
    noun="HyperParameterTuningJob",
    settings=SETTINGS,
    refusals=refusals,
    run=run,
    sign=sign,
    defaults={
        "TrainingJobStatusCounters": {
            "Completed": 0,
            "InProgress": 0,
            "RetryableError": 0,
            "NonRetryableError": 0,
            "Stopped": 0,
        },
        "ObjectiveStatusCounters": {"Succeeded": 0, "Pending": 0, "Failed": 0},
    },
    starts_with=starts_with,
    named=tuning_job_name,
    properties=properties,
    outputs=best_model,
    hosts=host_count,
)
