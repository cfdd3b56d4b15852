"""Where a model comes from, and what became of data: lineage in both directions.

``python -m <package> lineage of-package 3`` shows what version 3 was made of;
``... of-data data/cars.csv`` shows the versions that were trained on a file, and where they run.
"""

import argparse
import hashlib
import json
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from sagemaker_local.errors import LocalError
from sagemaker_local.storage import content

from .. import paths, registry, settings
from ..errors import ProjectError
from ..notebooks import parameters
from ..pipelines import inputs

LIBRARIES = (
    *("sagemaker", "pandas", "numpy", "scikit-learn", "xgboost-cpu", "xgboost", "papermill"),
    *("ipykernel", "pyarrow"),
)
MAX_VALUE = 256  # characters of a model package's property
# What a model package carries itself; the whole document is at `lineage_uri`.
PROPERTIES = ("run", "execution", "data_uri", "data_fingerprint", "definition_sha256", "git_commit")


def git_state(folder: Path = paths.PROJECT) -> dict[str, Any] | None:
    """The commit that is checked out, and whether the project is exactly that commit.

    Returns:
        ``{"commit": ..., "clean": ...}``; None where there is no git or no commit.
    """
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--", ".")
    if commit is None or changes is None:
        return None
    return {"commit": commit, "clean": not changes}


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def versions() -> dict[str, str]:
    """Python's version and those of the libraries that decide about results."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def fingerprint(session: Any, source: str | Path) -> str:
    """What tells data from any other data: of a file its bytes, whatever it is called.

    Args:
        session: local or managed; asked for what is behind an ``s3://`` URI.
        source: a file, a folder, or an ``s3://`` URI.
    """
    if str(source).startswith("s3://"):
        return str(session.fingerprint(str(source)))
    return content.fingerprint(inputs.find(source))


def surroundings() -> dict[str, Any]:
    """What is known before anything has run."""
    return {
        "started": now(),
        "git": git_state(),
        "versions": versions(),
        "notebook_parameters": dict(parameters.CHECKED),
    }


def of_execution(session: Any, arn: str, source: str | Path) -> dict[str, Any]:
    """What an execution was started with.

    Args:
        session: local or managed.
        arn: the execution's.
        source: the data as a person named it: a path or an ``s3://`` URI.
    """
    client = session.sagemaker_client
    described = client.describe_pipeline_execution(PipelineExecutionArn=arn)
    text = client.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
    values = pipeline_parameters(session, arn, text["PipelineDefinition"])
    return {
        "started": described["CreationTime"].astimezone(UTC).isoformat(timespec="seconds"),
        "status": described["PipelineExecutionStatus"],
        "execution": arn,
        "pipeline": described["PipelineArn"].rpartition("/")[2],
        "definition_sha256": hashlib.sha256(text["PipelineDefinition"].encode()).hexdigest(),
        "pipeline_parameters": values,
        "data_source": shown(source),
        "data_uri": values.get("InputData", ""),
        "data_fingerprint": fingerprint(session, source),
    }


def pipeline_parameters(session: Any, arn: str, definition: str) -> dict[str, Any]:
    """Every parameter's value in an execution: the given ones, and defaults for the others."""
    declared = json.loads(definition).get("Parameters", [])
    pages = session.sagemaker_client.get_paginator(
        "list_pipeline_parameters_for_execution"
    ).paginate(PipelineExecutionArn=arn)
    given = {item["Name"]: item["Value"] for page in pages for item in page["PipelineParameters"]}
    return {item["Name"]: item.get("DefaultValue") for item in declared} | given


def shown(source: str | Path) -> str:
    """A person's data as a record names it: inside the project relative to it."""
    if str(source).startswith("s3://"):
        return str(source)
    path = inputs.find(source)
    inside = path.is_relative_to(paths.PROJECT)
    return path.relative_to(paths.PROJECT).as_posix() if inside else path.name


def now() -> str:
    """This moment as records keep it: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def attach(session: Any, package: str, file: Path) -> str:
    """Keep a lineage document in the session's bucket, and point to it from a model package.

    Args:
        session: local or managed.
        package: the model package's ARN.
        file: ``lineage.json`` of a run.

    Returns:
        Where the document is in the bucket.
    """
    uri = str(session.upload_data(file, key_prefix="lineage"))
    document = json.loads(file.read_text(encoding="utf-8"))
    git = document.get("git") or {}
    facts = document | {"git_commit": git.get("commit", "")}
    properties = {name: str(facts.get(name) or "") for name in PROPERTIES} | {
        "git_clean": str(git.get("clean", "")).lower(),
        "lineage_uri": uri,
    }
    session.sagemaker_client.update_model_package(
        ModelPackageArn=package,
        CustomerMetadataProperties={
            name: value for name, value in properties.items() if 0 < len(value) <= MAX_VALUE
        },
    )
    return uri


def of_package(session: Any, package: dict[str, Any]) -> dict[str, Any]:
    """What a model package was made of: the lineage document of its run.

    Args:
        session: local or managed.
        package: its description.

    Raises:
        ProjectError: it was registered without one.
    """
    uri = package.get("CustomerMetadataProperties", {}).get("lineage_uri")
    if not uri:
        raise ProjectError(
            f"{package['ModelPackageArn']} has no lineage; a run that was not waited for gets it "
            f"by `python -m {settings.PACKAGE} runs update`"
        )
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return dict(json.loads(session.read_s3_file(bucket, key)))


def of_data(session: Any, source: str | Path) -> list[dict[str, Any]]:
    """Descriptions of the model packages that were trained on data, newest first.

    Args:
        session: local or managed.
        source: a file or folder with that content, or the ``s3://`` URI that a run read.
    """
    wanted = {str(source), fingerprint(session, source)}
    found = []
    for group in registry.groups(session, settings.PROJECT_SLUG):
        for summary in registry.packages(session, group):
            package = registry.describe(session, summary["ModelPackageArn"])
            known = package.get("CustomerMetadataProperties", {})
            if wanted & {known.get("data_uri"), known.get("data_fingerprint")}:
                found.append(package)
    return sorted(found, key=lambda package: package["CreationTime"], reverse=True)


def endpoints(session: Any, package: dict[str, Any]) -> list[str]:
    """Names of the endpoints that serve a model package, or its artifact.

    A session that has no endpoints at all has none that serve it.
    """
    client = session.sagemaker_client
    if not hasattr(client, "list_endpoints"):
        return []
    pages = client.get_paginator("list_endpoints").paginate()
    names = [item["EndpointName"] for page in pages for item in page["Endpoints"]]
    artifacts = {package["ModelPackageArn"], registry.model_uri(package)}
    return sorted(name for name in names if artifacts & _served(client, name))


def _served(client: Any, endpoint: str) -> set[str]:
    """Model packages and artifacts behind an endpoint."""
    config = client.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    variants = client.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    models = [
        client.describe_model(ModelName=variant["ModelName"])
        for variant in variants
        if "ModelName" in variant
    ]
    containers = [
        container
        for model in models
        for container in [model.get("PrimaryContainer", {}), *model.get("Containers", [])]
    ]
    keys = ("ModelPackageName", "ModelDataUrl")
    return {container[key] for container in containers for key in keys if key in container}


def report(session: Any, package: dict[str, Any]) -> str:
    """A model package's lineage as text for a terminal."""
    document = of_package(session, package)
    git = document["git"]
    state = "clean" if git and git["clean"] else "with changes that were not committed"
    served = endpoints(session, package)
    facts = {
        "model package": f"{package['ModelPackageArn']} ({package['ModelApprovalStatus']})",
        "artifact": registry.model_uri(package),
        "deployed to": ", ".join(served) or "no endpoint",
        "run": document["run"],
        "execution": document["execution"],
        "git": f"{git['commit']}, {state}" if git else "no repository",
        "data": document["data_uri"],
        "data was": document["data_source"],
        "fingerprint": document["data_fingerprint"],
        "definition": f"sha256:{document['definition_sha256']}",
        "versions": _pairs(document["versions"]),
        "parameters": _pairs(document["notebook_parameters"]),
        "pipeline": _pairs(document["pipeline_parameters"]),
    }
    return "\n".join(f"{name:<14} {value}" for name, value in facts.items())


def _pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items() if value != "")


def line(session: Any, package: dict[str, Any]) -> str:
    """One package that was trained on data, for a list."""
    name = f"{package['ModelPackageGroupName']} version {package['ModelPackageVersion']}"
    run = package["CustomerMetadataProperties"].get("run", "")
    served = ", ".join(endpoints(session, package))
    where = f"  on {served}" if served else ""
    return f"{name:<36} {package['ModelApprovalStatus']:<22} run {run}{where}"


def find_package(session: Any, group: str, version: int) -> dict[str, Any]:
    """A model package's description.

    Raises:
        ProjectError: there is no such version.
    """
    found = {item["ModelPackageVersion"]: item for item in registry.packages(session, group)}
    if version not in found:
        has = ", ".join(map(str, found)) or "none"
        raise ProjectError(f"{group} has no version {version}; it has {has}")
    return registry.describe(session, found[version]["ModelPackageArn"])


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    from ..sessions.open import MODES

    parser = argparse.ArgumentParser(prog="lineage", description="Where models come from.")
    parser.add_argument("--session", choices=MODES, default="local")
    commands = parser.add_subparsers(dest="command", required=True)
    package = commands.add_parser("of-package", help="what a registered version was made of")
    package.add_argument("version", type=int)
    package.add_argument("--group", help="a model package group; default: this project's")
    package.add_argument("--family", choices=registry.FAMILIES, default=registry.FAMILIES[0])
    package.add_argument("--json", action="store_true", help="the whole document")
    data = commands.add_parser("of-data", help="the versions that were trained on data")
    data.add_argument("source", help="a file, a folder, or an s3:// URI")
    return parser


def main(argv: list[str] | None = None) -> None:
    """Run the command line; a mistake is one sentence and exit code 1."""
    from ..sessions.open import open_session

    options = arguments().parse_args(argv)
    try:
        session = open_session(options.session, role="unused", warm=False)
        print(_answer(session, options))
    except (ProjectError, LocalError, ClientError) as error:
        sys.exit(f"lineage: {error}")


def _answer(session: Any, options: argparse.Namespace) -> str:
    if options.command == "of-data":
        found = of_data(session, options.source)
        lines = [line(session, package) for package in found]
        return "\n".join(lines) or f"no registered model was trained on {options.source}"
    group = options.group or registry.group_name(options.family)
    package = find_package(session, group, options.version)
    if options.json:
        return json.dumps(of_package(session, package), indent=1)
    return report(session, package)
