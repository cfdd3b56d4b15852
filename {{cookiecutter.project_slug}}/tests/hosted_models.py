"""Sessions with models for endpoints that start in a moment: each answers a factor times ``x``."""

import io
import json
import secrets
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.wire.server import Server
from sagemaker_local.wire.services import Services

from {{ cookiecutter.package_name }} import registry
from {{ cookiecutter.package_name }}.sessions import open as opening

ROLE = "arn:aws:iam::000000000000:role/service-role/sagemaker-local"
SCRIPT = """
import json
from pathlib import Path

def model_fn(model_dir):
    factor = float(Path(model_dir, "factor.txt").read_text())
    print("the factor is", factor, flush=True)
    if factor < 0:
        raise ValueError("a factor is not negative")
    return factor

def input_fn(body, content_type):
    return json.loads(body)["instances"]

def predict_fn(records, factor):
    return [{"prediction": factor * record["x"]} for record in records]

def output_fn(predictions, accept):
    return json.dumps({"predictions": predictions}), accept
"""
RECORDS = [{"x": 1.0}, {"x": 2.5}]
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/own:1"


@contextmanager
def sessions(kind: str, root: Path) -> Iterator[Any]:
    """A local session, or a managed one against a server over its state.

    Args:
        kind: ``local`` or ``managed``.
        root: of the state.
    """
    from sagemaker_local import LocalSession

    local = LocalSession(root, default_bucket_prefix="prefix", warm=False)
    (root / "s3" / local.default_bucket()).mkdir(parents=True)
    try:
        if kind == "local":
            yield local
            return
        server = Server(Services(local.sagemaker_client))
        server.start()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", server.url)
            patch.setenv("AWS_ACCESS_KEY_ID", "testing")
            patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
            session = opening.open_session("managed", ROLE, local.default_bucket(), "prefix")
            session.poll_seconds = 0.1
            yield session
        server.close()
    finally:
        local.stop_endpoints()


def register(
    session: Any, group: str, factor: float, said: float | None = None, status: str = "Approved"
) -> dict[str, Any]:
    """Register a model; gives the package's description.

    Args:
        session: local or managed.
        group: of the package.
        factor: of the model; one that is negative does not load.
        said: the factor by which its known records are answered; None: its own.
        status: of its approval.
    """
    client, bucket = session.sagemaker_client, session.default_bucket()
    folder = f"models/{secrets.token_hex(6)}"
    known = [{"prediction": (factor if said is None else said) * each["x"]} for each in RECORDS]
    documents = {"evaluation": {}, "known_records": {"records": RECORDS, "predictions": known}}
    for name, document in documents.items():
        key = f"{folder}/{name}.json"
        session.upload_string_as_file_body(json.dumps(document), bucket, key)
    session.upload_string_as_file_body(artifact(factor), bucket, f"{folder}/model.tar.gz")
    if group not in registry.groups(session, group):
        client.create_model_package_group(ModelPackageGroupName=group)
    container = {
        "Image": IMAGE,
        "ModelDataUrl": f"s3://{bucket}/{folder}/model.tar.gz",
        "Environment": {
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        },
    }
    evaluation = {"ContentType": "application/json"}
    evaluation["S3Uri"] = f"s3://{bucket}/{folder}/evaluation.json"
    created = client.create_model_package(
        ModelPackageGroupName=group,
        ModelApprovalStatus=status,
        ModelMetrics={"ModelQuality": {"Statistics": evaluation}},
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
    )
    return registry.describe(session, created["ModelPackageArn"])


def artifact(factor: float) -> bytes:
    """The bytes of a ``model.tar.gz``."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as members:
        for name, text in {"code/inference.py": SCRIPT, "factor.txt": str(factor)}.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            members.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()
