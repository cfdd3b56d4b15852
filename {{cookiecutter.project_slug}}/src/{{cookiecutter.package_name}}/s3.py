"""Places in S3."""


def bucket_and_key(uri: str) -> tuple[str, str]:
    """The two parts of ``s3://bucket/key``; the key is "" where only a bucket is named."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
