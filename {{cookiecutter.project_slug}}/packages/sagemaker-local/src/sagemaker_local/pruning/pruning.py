"""Old executions and jobs, their objects and folders, and uploads: removed where nobody needs them.

Needed are: what runs, and the other executions of a pipeline that runs; what is younger than the
age that a person gives; every model package, endpoint, endpoint configuration and pipeline (of its
versions the newest and those with an alias), and whatever their documents refer to: executions with
their jobs and objects, and lineage. An object that no job wrote and no session uploaded is a
person's own, and stays.

First no step can be taken from the cache any more, then objects and folders go, then what the state
says of them. A process that is killed meanwhile leaves executions that are listed, some of whose
outputs are gone; the next pruning ends the work.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sagemaker_local.endpoints.pruning import Pruned
from sagemaker_local.engine import Engine
from sagemaker_local.executions.records import RUNNING, ExecutionRecords, StoredExecution
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.jobs.kind import JobKind
from sagemaker_local.names import last_part
from sagemaker_local.pruning.references import References, size_of
from sagemaker_local.registry.models import MODEL
from sagemaker_local.registry.pipeline_versions import OLD_VERSION, PipelineVersions
from sagemaker_local.steps.job_step import JobStep
from sagemaker_local.steps.step_types import STEP_TYPES
from sagemaker_local.storage.content import files_below, remove_empty
from sagemaker_local.storage.store import Document, load

KINDS = tuple(step.kind for step in STEP_TYPES.values() if isinstance(step, JobStep))
# As ``sdk.uploads`` names them: below the digest of their content.
_DIGEST = re.compile(r"[0-9a-f]{16}")
_RUNNING_JOB = ("InProgress", "Stopping")


@dataclass(frozen=True)
class Removal:
    """Things of one kind that go, or went.

    Attributes:
        what: they are, in the plural.
        names: of them.
        size: bytes that become free.
    """

    what: str
    names: tuple[str, ...]
    size: int


@dataclass
class _Plan:
    """What goes.

    Attributes:
        executions: ARNs.
        jobs: kinds and names.
        models: names of those that steps of the executions made.
        versions: names of old ones of pipelines.
        objects: files in the bucket that jobs wrote.
        uploads: files in the bucket that sessions put there.
        folders: of jobs.
    """

    executions: list[str] = field(default_factory=list)
    jobs: list[tuple[JobKind, str]] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    objects: list[Path] = field(default_factory=list)
    uploads: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)


def prune(engine: Engine, before: datetime, dry_run: bool = False) -> list[Removal]:
    """Remove what ended before a moment, and nobody needs; see the module.

    Args:
        engine: whose.
        before: has a zone.
        dry_run: remove nothing, and say what would go.

    Returns:
        What went, kind by kind, with the bytes that it had.
    """
    with engine.store.transaction():
        plan = _planned(engine, before)
        if not dry_run:
            for arn in plan.executions:
                engine.store.write("DELETE FROM signatures WHERE execution = ?", arn)
    told = [*_told(engine, plan), *_of_endpoints(engine.prune_endpoints(before, dry_run))]
    if not dry_run:
        _remove(engine, plan)
    return [removal for removal in told if removal.names]


def _planned(engine: Engine, before: datetime) -> _Plan:
    records = ExecutionRecords(engine.store)
    executions = _executions(engine, records)
    steps = {each.arn: records.steps(each.arn) for each in executions}
    made = {arn: list(map(last_part, _made(found, "Model"))) for arn, found in steps.items()}
    packages = [load(text) for (text,) in engine.store.rows("SELECT document FROM model_packages")]
    kept = References(engine.bucket)
    made_models = {name for names in made.values() for name in names}
    versions = PipelineVersions(engine.store).forgettable(before, _busy(executions))
    for document in _roots(engine, packages, made_models, versions):
        kept.add(document, follow=True)
    registered = {str(package["ModelPackageArn"]) for package in packages}
    packaged = {a for a, found in steps.items() if registered & {*_made(found, "RegisterModel")}}
    going = _unneeded(records, executions, steps, packaged, kept, before)
    jobs = list(_jobs(engine, kept, before))
    plan = _Plan([each.arn for each in going], [(kind, kind.name_of(job)) for kind, job in jobs])
    plan.versions = versions
    plan.models = [name for arn in plan.executions for name in made[arn] if name not in kept.words]
    written = {file for kind, job in jobs for file in _written(engine, kind, job)}
    plan.objects = sorted(file for file in written if not kept.refer_to(file))
    plan.uploads = sorted(_uploads(engine, kept, before, written))
    plan.folders = sorted(_folders(engine, plan, before))
    return plan


def _executions(engine: Engine, records: ExecutionRecords) -> list[StoredExecution]:
    names = [row[0] for row in engine.store.rows("SELECT DISTINCT pipeline FROM executions")]
    return [each for name in names for each in records.of_pipeline(name)]


def _roots(
    engine: Engine, packages: list[Document], made: set[str], versions: list[str]
) -> Iterator[Document]:
    """Documents of all but jobs and executions, and but models and versions that go."""
    known = [*packages]
    jobs = {kind.resource for kind in KINDS}
    for kind, name, text in engine.store.rows("SELECT kind, name, document FROM resources"):
        if kind not in jobs and kind != MODEL and (kind != OLD_VERSION or name not in versions):
            known.append(load(text))
    yield from known
    named = References(engine.bucket)
    for document in known:
        named.add(document)
    for model in engine.store.resources(MODEL):
        name = model["ModelName"]
        if name not in made or name in named.words:
            yield model


def _busy(executions: list[StoredExecution]) -> set[str]:
    """Pipelines that run."""
    return {each.pipeline for each in executions if each.status in RUNNING}


def _unneeded(
    records: ExecutionRecords,
    executions: list[StoredExecution],
    steps: dict[str, list[Document]],
    registered: set[str],
    kept: References,
    before: datetime,
) -> list[StoredExecution]:
    """Executions that go, none that registered a package; what the others refer to is kept."""
    busy, left = _busy(executions), [*executions]
    while True:
        needed = [
            each
            for each in left
            if each.pipeline in busy
            or each.arn in registered
            or each.document["LastModifiedTime"] >= before
            or last_part(each.arn) in kept.words
        ]
        if not needed:
            return left
        for each in needed:
            left.remove(each)
            kept.add(each.document | {"PipelineDefinition": records.definition(each.arn)})
            for step in steps[each.arn]:
                kept.add(step)


def _made(steps: Iterable[Document], kind: str) -> Iterator[str]:
    """ARNs of what steps of a kind made."""
    for step in steps:
        arn = step.get("Metadata", {}).get(kind, {}).get("Arn")
        if arn:
            yield str(arn)


def _jobs(engine: Engine, kept: References, before: datetime) -> Iterator[tuple[JobKind, Document]]:
    """Jobs that go; the documents of the others become references that are kept."""
    found = [(kind, job) for kind in KINDS for job in engine.jobs.all(kind)]
    left = [*found]
    while needed := [each for each in left if _is_needed(*each, kept, before)]:
        for kind, job in needed:
            left.remove((kind, job))
            kept.add(job)
            kept.places.update(_written(engine, kind, job))
    yield from left


def _is_needed(kind: JobKind, job: Document, kept: References, before: datetime) -> bool:
    if job[f"{kind.noun}Status"] in _RUNNING_JOB:
        return True
    # The training jobs of a tuning job are needed with it.
    name = last_part(job.get("TuningJobArn", kind.name_of(job)))
    return _ended(kind, job) >= before or bool({name, kind.name_of(job)} & kept.words)


def _ended(kind: JobKind, job: Document) -> datetime:
    stem = kind.noun.removesuffix("Job")
    members = (f"{stem}EndTime", f"{kind.noun}EndTime", "LastModifiedTime", "CreationTime")
    ended: datetime = next(job[member] for member in members if member in job)
    return ended


def _written(engine: Engine, kind: JobKind, job: Document) -> Iterator[Path]:
    """Objects that a job wrote, as far as they are there."""
    folder = JobFolder(engine.jobs.folder / kind.name_of(job))
    for uri in kind.outputs(job, folder):
        path = engine.bucket.path(uri)
        if path.is_file():
            yield path


def _uploads(
    engine: Engine, kept: References, before: datetime, written: set[Path]
) -> Iterator[Path]:
    root = engine.bucket.root
    for file, name in files_below(root):
        is_upload = any(_DIGEST.fullmatch(part) for part in name.split("/")[1:])
        if not is_upload or file in written or kept.refer_to(file):
            continue
        if file.stat().st_mtime < before.timestamp():
            yield file


def _folders(engine: Engine, plan: _Plan, before: datetime) -> Iterator[Path]:
    """Of jobs that go, and of those that the state does not know, and nobody wrote to since."""
    going = {name for _, name in plan.jobs}
    known = {kind.name_of(job) for kind in KINDS for job in engine.store.resources(kind.resource)}
    for folder in engine.jobs.folder.glob("*"):
        is_old = folder.stat().st_mtime < before.timestamp()
        if folder.name in going or (folder.name not in known and is_old):
            yield folder


def _told(engine: Engine, plan: _Plan) -> Iterator[Removal]:
    root = engine.bucket.root
    folders = {folder: [file for file, _ in files_below(folder)] for folder in plan.folders}
    inside = [file for files in folders.values() for file in files]
    objects = [*plan.objects, *plan.uploads]
    # A large output is one file with two names, in the bucket and in the job's folder.
    shared = size_of([*objects, *inside]) - size_of(objects)
    yield Removal("executions", tuple(map(last_part, plan.executions)), 0)
    yield Removal("models", tuple(plan.models), 0)
    yield Removal("versions of pipelines", tuple(plan.versions), 0)
    yield Removal("folders of jobs", tuple(folder.name for folder in folders), shared)
    for what, files in (("objects of jobs", plan.objects), ("uploads", plan.uploads)):
        names = tuple(f"s3://{file.relative_to(root).as_posix()}" for file in files)
        yield Removal(what, names, size_of(files))


def _of_endpoints(pruned: Pruned) -> Iterator[Removal]:
    yield Removal("captures and logs of endpoints", pruned.names, pruned.size)


def _remove(engine: Engine, plan: _Plan) -> None:
    root = engine.bucket.root
    for file in (*plan.objects, *plan.uploads):
        file.unlink(missing_ok=True)
        remove_empty(file.parent, root / file.relative_to(root).parts[0])
    for folder in plan.folders:
        shutil.rmtree(folder, ignore_errors=True)
    with engine.store.transaction():
        for arn in plan.executions:
            engine.store.write("DELETE FROM steps WHERE execution = ?", arn)
            engine.store.write("DELETE FROM executions WHERE arn = ?", arn)
        for kind, name in plan.jobs:
            engine.store.delete_resource(kind.resource, name)
        for name in plan.models:
            engine.store.delete_resource(MODEL, name)
        PipelineVersions(engine.store).forget(plan.versions)
        _forget(engine)


def _forget(engine: Engine) -> None:
    """Digests of files that are not there any more."""
    root = str(engine.files.path.resolve())
    rows: list[tuple[Any, ...]] = engine.store.rows("SELECT name FROM remembered")
    for (name,) in rows:
        _, _, path = name.partition(" ")
        if path.startswith(root) and not Path(path).exists():
            engine.store.write("DELETE FROM remembered WHERE name = ?", name)
