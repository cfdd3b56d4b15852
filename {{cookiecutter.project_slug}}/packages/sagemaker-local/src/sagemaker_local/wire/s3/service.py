"""S3's operations: which one a request means.

Not there: versions, access control, encryption, tags and everything else that is about a bucket and
not about objects. What is asked of these is refused as S3 refuses what it does not implement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import unquote

from sagemaker_local.engine import Engine
from sagemaker_local.wire.messages import Answer, Request
from sagemaker_local.wire.s3.bucket_operations import BucketOperations
from sagemaker_local.wire.s3.errors import invalid, not_implemented
from sagemaker_local.wire.s3.headers import KeptHeaders
from sagemaker_local.wire.s3.object_operations import ObjectOperations
from sagemaker_local.wire.s3.objects import Objects
from sagemaker_local.wire.s3.places import Place, Places
from sagemaker_local.wire.s3.uploads import Uploads

# Members of a query that name what is asked for; a signature's and a list's are none.
_WORDS = (
    "accelerate acl analytics attributes cors delete encryption intelligent-tiering inventory "
    "legal-hold lifecycle location logging metadataConfiguration metadataTable metrics "
    "notification object-lock ownershipControls policy policyStatus publicAccessBlock replication "
    "renameObject requestPayment restore retention select session tagging torrent uploadId uploads "
    "versionId versioning versions website"
)
_SUBRESOURCES = frozenset(_WORDS.split())
_BEHIND_A_BUCKET = ".localhost"

# By method and subresource.
Key = tuple[str, str]


class S3Service:
    """Answers S3's requests, of which the bucket stands in the path or in the name of the host."""

    def __init__(self, engine: Engine) -> None:
        places = Places(engine.bucket)
        objects = Objects(places, engine.digests, KeptHeaders(engine.store))
        buckets = BucketOperations(objects, engine.arns.region)
        files = ObjectOperations(objects, Uploads(engine.bucket.root))
        self._places = places
        self._list_buckets = buckets.list_buckets
        self._of_bucket: Mapping[Key, Callable[[Request, str], Answer]] = {
            ("PUT", ""): buckets.create,
            ("HEAD", ""): buckets.head,
            ("DELETE", ""): buckets.delete,
            ("GET", ""): buckets.list_objects,
            ("GET", "list-type"): buckets.list_objects_v2,
            ("GET", "location"): buckets.location,
            ("GET", "versioning"): buckets.versioning,
            ("POST", "delete"): buckets.delete_objects,
        }
        self._of_object: Mapping[Key, Callable[[Request, Place], Answer]] = {
            ("GET", ""): files.get,
            ("HEAD", ""): files.head,
            ("PUT", ""): files.put,
            ("DELETE", ""): files.delete,
            ("GET", "tagging"): files.tagging,
            ("POST", "uploads"): files.begin_upload,
            ("PUT", "uploadId"): files.put_part,
            ("POST", "uploadId"): files.complete_upload,
            ("DELETE", "uploadId"): files.abort_upload,
        }

    def answer(self, request: Request) -> Answer:
        """Do what a request asks for.

        Raises:
            WireError: it cannot be done.
        """
        bucket, key = _address(request)
        if not bucket:
            if request.method != "GET" or key:
                raise invalid("The request names no bucket.")
            return self._list_buckets(request)
        wanted = set(request.query) & _SUBRESOURCES
        if not key:
            if request.query.get("list-type") == "2":
                wanted |= {"list-type"}
            return self._of_bucket[_operation(request, wanted, self._of_bucket)](request, bucket)
        operation = self._of_object[_operation(request, wanted, self._of_object)]
        return operation(request, self._places.place(bucket, key))


def _address(request: Request) -> tuple[str, str]:
    """Bucket and key of a request; either may be empty."""
    path = request.path.removeprefix("/")
    host = request.header("Host").rpartition(":")[0] or request.header("Host")
    inside = "" if not host.endswith(_BEHIND_A_BUCKET) else host.removesuffix(_BEHIND_A_BUCKET)
    bucket, _, key = path.partition("/") if not inside else (inside, "", path)
    try:
        return unquote(bucket, errors="strict"), unquote(key, errors="strict")
    except UnicodeDecodeError as error:
        raise invalid("The key is not UTF-8.") from error


def _operation(request: Request, wanted: set[str], known: Iterable[Key]) -> Key:
    key = request.method, next(iter(wanted), "")
    if len(wanted) > 1 or key not in known:
        raise not_implemented(f"{request.method} {' '.join(sorted(wanted)) or 'here'}")
    return key
