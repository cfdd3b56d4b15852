"""What an AWS account needs of the door: the Lambda's package, and what its role may do."""

import io
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import botocore.session
from botocore.exceptions import UnknownRegionError

from ..errors import ProjectError

HANDLER = "router.lambda_handler.handler"
RUNTIME = "python3.12"  # of Lambda, which has boto3
# API Gateway waits 29 or 30 seconds, the door 20 for a model.
SECONDS, MEGABYTES = 28, 256
FILES = ("__init__", "choice", "door", "endpoint", "lambda_handler", "messages")
_TIME = (1980, 1, 1, 0, 0, 0)  # the first that an archive can have


def write(folder: Path, endpoints: Mapping[str, str], region: str, account: str) -> list[Path]:
    """Write `lambda.zip`, `policy.json` and `function.json`; the same bytes for the same files.

    Args:
        folder: to write into.
        endpoints: the name of each model's endpoint.
        region: of the endpoints.
        account: the same, 12 digits; empty: the policy is for CloudFormation's `Fn::Sub`, which
            knows the partition, region and account of its stack.

    Raises:
        ProjectError: the account or the region is none.
    """
    if account and not re.fullmatch(r"\d{12}", account):
        raise ProjectError(f"--account is {account!r}; an AWS account is 12 digits")
    folder.mkdir(parents=True, exist_ok=True)
    written = [folder / name for name in ("lambda.zip", "policy.json", "function.json")]
    documents = policy(endpoints, region, account), function(endpoints)
    written[0].write_bytes(archive())
    for path, document in zip(written[1:], documents, strict=True):
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8", newline="\n")
    return written


def archive() -> bytes:
    """The Lambda's package: the door's own files, as they are.

    Uncompressed, since libraries compress in different ways; with one time, and one end of lines.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as file:
        for name in FILES:
            member = zipfile.ZipInfo(f"router/{name}.py", _TIME)
            member.create_system, member.external_attr = 3, 0o100644 << 16
            source = Path(__file__).with_name(f"{name}.py").read_bytes()
            file.writestr(member, source.replace(b"\r\n", b"\n"))
    return packed.getvalue()


def policy(endpoints: Mapping[str, str], region: str, account: str) -> dict[str, object]:
    """The least that the Lambda's role needs, beside writing its log."""
    place = "arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}"
    if account:
        partition = _partition(region)
        place = f"arn:{partition}:sagemaker:{region}:{account}"
    # ARNs have names of endpoints in small letters: philschmid/cdk-samples#2.
    names = sorted(name.lower() for name in endpoints.values())
    statement = {
        "Effect": "Allow",
        "Action": "sagemaker:InvokeEndpoint",
        "Resource": [f"{place}:endpoint/{name}" for name in names],
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _partition(region: str) -> str:
    try:
        return str(botocore.session.Session().get_partition_for_region(region))
    except UnknownRegionError:
        raise ProjectError(f"--region is {region!r}, which is no region of AWS") from None


def function(endpoints: Mapping[str, str]) -> dict[str, object]:
    """What the function is created with, by the names of Lambda's CreateFunction."""
    from .lambda_handler import ENDPOINTS

    pairs = ",".join(f"{model}={name}" for model, name in endpoints.items())
    return {
        "Handler": HANDLER,
        "Runtime": RUNTIME,
        "Timeout": SECONDS,
        "MemorySize": MEGABYTES,
        "Environment": {"Variables": {ENDPOINTS: pairs}},
    }
