"""Where a model comes from, and what became of data: lineage in both directions."""

import hashlib
import json
from dataclasses import asdict
from datetime import UTC
from pathlib import Path
from typing import Any

from sagemaker_local.storage import content

from .. import paths, registry, settings
from ..deployments import history, listing
from ..errors import ProjectError
from ..pipelines import inputs
from ..s3 import bucket_and_key

MAX_VALUE = 256  # characters of a model package's property
# What a model package carries itself; the whole document is at `lineage_uri`.
PROPERTIES = ("run", "execution", "data_uri", "data_fingerprint", "definition_sha256", "git_commit")


def fingerprint(session: Any, source: str | Path) -> str:
    """What tells data from any other data: of a file its bytes, whatever it is called.

    Args:
        session: local or managed; asked for what is behind an ``s3://`` URI.
        source: a file, a folder, or an ``s3://`` URI.
    """
    if str(source).startswith("s3://"):
        return str(session.fingerprint(str(source)))
    return content.fingerprint(inputs.find(source))


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


def attach(session: Any, package: str, file: Path) -> str:
    """Keep a lineage document in the session's bucket, and point to it from a model package.

    Args:
        session: local or managed.
        package: the model package's ARN.
        file: ``lineage.json`` of a run.

    Returns:
        Where the document is in the bucket.
    """
    uri = str(session.upload_content(file, key_prefix="lineage"))
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
    bucket, key = bucket_and_key(uri)
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


def document(session: Any, package: dict[str, Any]) -> dict[str, Any]:
    """What a model package was made of, where it serves, and what deployments of it came to."""
    done = listing.of_package(session, package["ModelPackageArn"])
    return of_package(session, package) | {
        "endpoints": endpoints(session, package),
        "deployments": [asdict(event) for event in done],
    }


def report(session: Any, package: dict[str, Any]) -> str:
    """A model package's lineage as text for a terminal."""
    document = of_package(session, package)
    git = document["git"]
    state = "clean" if git and git["clean"] else "with changes that were not committed"
    served = endpoints(session, package)
    done = listing.of_package(session, package["ModelPackageArn"])
    facts = {
        "model package": f"{package['ModelPackageArn']} ({package['ModelApprovalStatus']})",
        "artifact": registry.model_uri(package),
        "deployed to": ", ".join(served) or "no endpoint",
        "deployments": "; ".join(history.sentence(event) for event in done) or "none from here",
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
