"""The model registry: who is champion, what was registered, and approval."""

import ast
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import evaluation, paths, settings
from .errors import ProjectError

GROUP_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
APPROVED, REJECTED, PENDING = "Approved", "Rejected", "PendingManualApproval"
MOST_REASON = 1024  # characters of what a package says on its approval


def known_families() -> list[str]:
    """The model families that ``runtime/models.py`` has; read, because importing it takes longer.

    Raises:
        ProjectError: there is no such file, or no ``FAMILIES = {...}`` in it.
    """
    script = paths.RUNTIME / "models.py"
    try:
        statements = ast.parse(script.read_text(encoding="utf-8")).body
    except (OSError, SyntaxError) as error:
        raise ProjectError(
            f"runtime/models.py cannot be read: {error}; try `make export`"
        ) from None
    for each in statements:
        if (
            isinstance(each, ast.Assign)
            and ast.unparse(each.targets[0]) == "FAMILIES"
            and isinstance(each.value, ast.Dict)
        ):
            return [ast.literal_eval(key) for key in each.value.keys if key]
    raise ProjectError("runtime/models.py has no FAMILIES = {...}, which names the model families")


def families(choice: str) -> list[str]:
    """The model families to train: one, or all by ``both``.

    Raises:
        ProjectError: there is no such family.
    """
    known = known_families()
    if choice != "both" and choice not in known:
        raise ProjectError(f"model_family is {choice!r}; it can be {', '.join(known)} or both")
    return known if choice == "both" else [choice]


def group_name(family: str, task: str = "") -> str:
    """The model package group, and the pipeline, of a model family.

    Args:
        family: of the model.
        task: a name for other data than the project's own; models of different tasks are never
            each other's champion.

    Raises:
        ProjectError: a task that SageMaker cannot have in a name.
    """
    name = "-".join(filter(None, [settings.PROJECT_SLUG, task, family]))
    if not GROUP_NAME.fullmatch(name):
        raise ProjectError(
            f"task {task!r} cannot be part of a model's name: use letters, digits and hyphens, "
            f"so that {name!r} has at most 63 characters"
        )
    return name


def groups(session: Any, prefix: str) -> list[str]:
    """Names of the model package groups that start with ``prefix``, in order."""
    pages = session.sagemaker_client.get_paginator("list_model_package_groups")
    names = [
        item["ModelPackageGroupName"]
        for page in pages.paginate(NameContains=prefix)
        for item in page["ModelPackageGroupSummaryList"]
    ]
    return sorted(name for name in names if name.startswith(prefix))


def packages(session: Any, group: str) -> list[dict[str, Any]]:
    """Summaries of a group's packages, highest version first; none if there is no such group."""
    if group not in groups(session, group):
        return []
    client = session.sagemaker_client
    pages = client.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    found = [item for page in pages for item in page["ModelPackageSummaryList"]]
    return sorted(found, key=lambda item: item["ModelPackageVersion"], reverse=True)


def champion(session: Any, group: str) -> dict[str, Any] | None:
    """The description of the highest approved version, or None."""
    for package in packages(session, group):
        if package["ModelApprovalStatus"] == APPROVED:
            return describe(session, package["ModelPackageArn"])
    return None


def to_use(session: Any, group: str, version: int = 0) -> dict[str, Any]:
    """The description of the model package that batch jobs and endpoints use.

    Args:
        session: local or managed.
        group: a model package group.
        version: of it; 0: its champion, the highest approved one.

    Raises:
        ProjectError: there is no such version, or none is approved; says how to approve one.
    """
    if version:
        return find(session, group, version)
    found = champion(session, group)
    if found:
        return found
    registered = packages(session, group)
    if not registered:
        raise ProjectError(f"{group} has no model yet; notebook 03 registers one, to be approved")
    mode = "local" if session.runs_here else "managed"
    newest = describe(session, registered[0]["ModelPackageArn"])
    raise ProjectError(
        f"{group} has no approved version; approve one by `{approve_command(newest, mode)}`"
    )


def describe(session: Any, arn: str) -> dict[str, Any]:
    """A model package's description."""
    return dict(session.sagemaker_client.describe_model_package(ModelPackageName=arn))


def model_uri(package: dict[str, Any]) -> str:
    """Where a package's ``model.tar.gz`` is."""
    return str(package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"])


def champion_uri(session: Any, group: str) -> str:
    """Where the champion's ``model.tar.gz`` is; without a champion, ``no_champion_uri``."""
    package = champion(session, group)
    return model_uri(package) if package else no_champion_uri(session)


def no_champion_uri(session: Any) -> str:
    """A prefix with a marker file in it: SageMaker refuses an input without any object."""
    with tempfile.TemporaryDirectory() as folder:
        marker = Path(folder, "README.txt")
        marker.write_text("There is no approved model yet.\n", encoding="utf-8", newline="\n")
        return str(session.upload_content(folder, key_prefix="no-champion"))


def registered(session: Any, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Descriptions of the model packages that steps of an execution, as listed, registered."""
    metadata = [step.get("Metadata", {}) for step in steps]
    return [
        describe(session, found["RegisterModel"]["Arn"])
        for found in metadata
        if "RegisterModel" in found
    ]


def line(session: Any, package: dict[str, Any]) -> str:
    """One package for a list: version, approval, time, metrics."""
    report = evaluation.of_package(session, describe(session, package["ModelPackageArn"]))
    measured = evaluation.comparison(report)["model"] if report else {}
    metrics = "  ".join(f"{name}={value:.4g}" for name, value in measured.items())
    created = package["CreationTime"].astimezone().strftime("%Y-%m-%d %H:%M")
    status = package["ModelApprovalStatus"]
    return f"version {package['ModelPackageVersion']:<3} {status:<22} {created}  {metrics}"


def listing(session: Any, names: list[str]) -> str:
    """The packages of every group that has some, as text for a terminal."""
    found = {name: packages(session, name) for name in names}
    blocks = [
        "\n".join([name, *(f"  {line(session, package)}" for package in members)])
        for name, members in found.items()
        if members
    ]
    return "\n".join(blocks) or "no model is registered yet; notebook 03 registers one"


def find(session: Any, group: str, version: int) -> dict[str, Any]:
    """A version's description.

    Raises:
        ProjectError: there is no such version.
    """
    found = {item["ModelPackageVersion"]: item for item in packages(session, group)}
    if version not in found:
        has = ", ".join(map(str, found)) or f"none{_elsewhere(session, group)}"
        raise ProjectError(f"{group} has no version {version}; it has {has}")
    return describe(session, found[version]["ModelPackageArn"])


def _elsewhere(session: Any, group: str) -> str:
    """Where this project's models are, as the end of a sentence; those of a task have a group."""
    others = [name for name in groups(session, settings.PROJECT_SLUG) if name != group]
    how = "name its task, by TASK= of make, --task or -p task"
    return f", but {', '.join(others)} has some: {how}" if others else ""


def approve(session: Any, group: str, version: int) -> str:
    """Approve a version, which makes it the champion if it is the highest approved one.

    Returns:
        The package's ARN.

    Raises:
        ProjectError: there is no such version.
    """
    package = find(session, group, version)
    judge(session, package, APPROVED, "approved by a person")  # not as it was rejected, maybe
    return str(package["ModelPackageArn"])


def judge(session: Any, package: Mapping[str, Any], status: str, reason: str) -> None:
    """Give a package another approval status, and the reason for it."""
    session.sagemaker_client.update_model_package(
        ModelPackageArn=package["ModelPackageArn"],
        ModelApprovalStatus=status,
        ApprovalDescription=" ".join(reason.split())[:MOST_REASON],
    )


def version_name(package: Mapping[str, Any]) -> str:
    """A package in a sentence."""
    return f"{package['ModelPackageGroupName']} version {package['ModelPackageVersion']}"


def approve_command(package: dict[str, Any], mode: str) -> str:
    """The command that approves a package in a ``local`` or ``managed`` session."""
    group, version = package["ModelPackageGroupName"], package["ModelPackageVersion"]
    program = f"python -m {settings.PACKAGE} registry approve --session {mode}"
    return f"{program} --group {group} --version {version}"
