"""The bucket and key in an address of S3: ``s3://``, or ``https://`` at one of S3's hosts.

Models of older notebooks have the latter, in both of S3's styles: with the bucket in the host's
name, or in the path. Botocore's model of SageMaker allows both schemes wherever an object is named.
"""

from __future__ import annotations

import re

# ``s3-us-west-2`` is how hosts were named before 2019, and still are found.
_HOST = re.compile(
    r"(?:(?P<bucket>.+)\.)?s3(?:[.-](?!dualstack)[a-z0-9-]+|\.dualstack\.[a-z0-9-]+)?"
    r"\.amazonaws\.com(?:\.cn)?"
)
_HTTPS = "https"


def told_apart(uri: str) -> tuple[str, str]:
    """Bucket and key; a key may be a prefix, and empty. The bucket is empty if it is no address."""
    scheme, _, rest = uri.partition("://")
    host, _, path = rest.partition("/")
    if scheme == "s3":
        return host, path
    found = _HOST.fullmatch(host) if scheme == _HTTPS else None
    if found is None:
        return "", ""
    if found["bucket"]:
        return found["bucket"], path
    bucket, _, key = path.partition("/")
    return bucket, key


def elsewhere(uri: str) -> str:
    """Why an https address is not one of S3; empty if it is, or has another scheme."""
    if not uri.startswith(f"{_HTTPS}://") or told_apart(uri)[0]:
        return ""
    return (
        f"{uri!r} is at no host of S3; give s3://bucket/key, or "
        "https://bucket.s3.us-east-1.amazonaws.com/key"
    )
