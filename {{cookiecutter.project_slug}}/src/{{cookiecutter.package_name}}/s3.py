"""Places in S3, and documents there."""

import json
from typing import Any


def bucket_and_key(uri: str) -> tuple[str, str]:
    """The two parts of ``s3://bucket/key``; the key is "" where only a bucket is named."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def document(session: Any, uri: str) -> Any:
    """A document of JSON; None where there is no such object."""
    bucket, key = bucket_and_key(uri)
    if key not in session.list_s3_files(bucket, key):
        return None
    return json.loads(session.read_s3_file(bucket, key))
