"""S3's errors, by its own codes."""

from __future__ import annotations

from sagemaker_local.wire.messages import WireError


def no_such_bucket(bucket: str) -> WireError:
    told = f"The specified bucket does not exist. Create {bucket!r} first."
    return WireError("NoSuchBucket", told, 404)


def no_such_key(key: str) -> WireError:
    return WireError("NoSuchKey", f"The specified key does not exist. It is {key!r}.", 404)


def no_such_upload(upload: str) -> WireError:
    told = (
        f"There is no multipart upload {upload[:80]!r}: it was completed, aborted or never begun."
    )
    return WireError("NoSuchUpload", told, 404)


def precondition_failed(header: str) -> WireError:
    return WireError("PreconditionFailed", f"The object is not as {header} wants it.", 412)


def invalid(what: str) -> WireError:
    return WireError("InvalidArgument", what)


def malformed_xml(what: str) -> WireError:
    return WireError("MalformedXML", what)


def not_implemented(what: str) -> WireError:
    return WireError("NotImplemented", f"A local bucket has no {what}.", 501)
