"""Operations on buckets: made, listed, deleted, and what is in them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from sagemaker_local.wire.messages import Answer, Request, WireError
from sagemaker_local.wire.s3 import listing, xml
from sagemaker_local.wire.s3.errors import invalid, malformed_xml
from sagemaker_local.wire.s3.objects import Objects
from sagemaker_local.wire.s3.places import Places
from sagemaker_local.wire.s3.xml import Child

_LIMIT_BYTES = 2 << 20
_MOST_DELETED = 1000
_OWNER: list[Child] = [("ID", "local"), ("DisplayName", "local")]
_PLACELESS_REGION = "us-east-1"  # S3 says nothing for it


@dataclass(frozen=True)
class BucketOperations:
    """All buckets of a session.

    Attributes:
        objects: in them.
        region: where they are said to be.
    """

    objects: Objects
    region: str

    @property
    def _places(self) -> Places:
        return self.objects.places

    def list_buckets(self, request: Request) -> Answer:
        prefix = request.query.get("prefix", "")
        buckets: list[Child] = [
            ("Bucket", [("Name", name), ("CreationDate", self._created(name))])
            for name in self._places.names()
            if name.startswith(prefix)
        ]
        return xml.document("ListAllMyBucketsResult", [("Owner", _OWNER), ("Buckets", buckets)])

    def create(self, request: Request, bucket: str) -> Answer:
        folder = self._places.new_bucket(bucket)
        request.body.read(_LIMIT_BYTES)  # where it should be; there is one place only
        if folder.is_dir() and self.region != _PLACELESS_REGION:
            raise WireError("BucketAlreadyOwnedByYou", f"There is a bucket {bucket!r}.", 409)
        folder.mkdir(parents=True, exist_ok=True)
        return Answer(200, {"Location": f"/{bucket}"})

    def head(self, _: Request, bucket: str) -> Answer:
        self._places.bucket(bucket)
        return Answer(200, {"x-amz-bucket-region": self.region})

    def delete(self, _: Request, bucket: str) -> Answer:
        folder = self._places.bucket(bucket)
        if not listing.is_empty(folder):
            told = f"The bucket {bucket!r} is not empty; delete its objects first."
            raise WireError("BucketNotEmpty", told, 409)
        shutil.rmtree(folder)
        return Answer(204)

    def location(self, _: Request, bucket: str) -> Answer:
        self._places.bucket(bucket)
        region = "" if self.region == _PLACELESS_REGION else self.region
        return xml.text_document("LocationConstraint", region)

    def versioning(self, _: Request, bucket: str) -> Answer:
        self._places.bucket(bucket)
        return xml.document("VersioningConfiguration", [])

    def list_objects(self, request: Request, bucket: str) -> Answer:
        """The first version: a page goes on behind a ``marker``."""
        query = request.query
        found, shown = self._page(request, bucket, query.get("marker", ""))
        more: list[Child] = [("Marker", shown(query.get("marker", "")))]
        if found.last and query.get("delimiter"):
            more.append(("NextMarker", shown(found.last)))
        return self._listed(request, bucket, found, shown, more)

    def list_objects_v2(self, request: Request, bucket: str) -> Answer:
        query = request.query
        after = _from_token(query.get("continuation-token", "")) or query.get("start-after", "")
        found, shown = self._page(request, bucket, after)
        more: list[Child] = [("KeyCount", len(found.keys) + len(found.prefixes))]
        if "continuation-token" in query:
            more.append(("ContinuationToken", query["continuation-token"]))
        if "start-after" in query:
            more.append(("StartAfter", shown(query["start-after"])))
        if found.last:
            more.append(("NextContinuationToken", _token(found.last)))
        return self._listed(request, bucket, found, shown, more)

    def delete_objects(self, request: Request, bucket: str) -> Answer:
        """Many at once; what cannot be deleted is listed with its error."""
        self._places.bucket(bucket)
        root = xml.read(request.body.read(_LIMIT_BYTES), "Delete")
        keys = [item.findtext("Key") or "" for item in root.findall("Object")]
        if not 1 <= len(keys) <= _MOST_DELETED:
            raise malformed_xml(f"A request deletes 1 to {_MOST_DELETED} objects, not {len(keys)}.")
        quiet = root.findtext("Quiet") == "true"
        answers: list[Child] = []
        for key in keys:
            try:
                self.objects.delete(self._places.place(bucket, key))
            except WireError as error:
                told: list[Child] = [("Code", error.code), ("Message", error.message)]
                answers.append(("Error", [("Key", key), *told]))
            else:
                answers += [] if quiet else [("Deleted", [("Key", key)])]
        return xml.document("DeleteResult", answers)

    def _page(
        self, request: Request, bucket: str, after: str
    ) -> tuple[listing.Page, Callable[[str], str]]:
        """A page, and how names are written in it."""
        query = request.query
        wanted = listing.Wanted(
            query.get("prefix", ""), query.get("delimiter", ""), after, _most(query.get("max-keys"))
        )
        is_quoted = query.get("encoding-type") == "url"
        return listing.page(self._places.bucket(bucket), wanted), _quoted if is_quoted else str

    def _listed(
        self,
        request: Request,
        bucket: str,
        found: listing.Page,
        shown: Callable[[str], str],
        more: list[Child],
    ) -> Answer:
        query = request.query
        head: list[Child] = [
            ("Name", bucket),
            ("Prefix", shown(query.get("prefix", ""))),
            ("MaxKeys", _most(query.get("max-keys"))),
            ("IsTruncated", bool(found.last)),
        ]
        if query.get("delimiter"):
            head.append(("Delimiter", shown(query["delimiter"])))
        if "encoding-type" in query:
            head.append(("EncodingType", query["encoding-type"]))
        contents = [self._content(bucket, key, shown) for key in found.keys]
        prefixes: list[Child] = [
            ("CommonPrefixes", [("Prefix", shown(name))]) for name in found.prefixes
        ]
        listed = [content for content in contents if content is not None]
        return xml.document("ListBucketResult", [*head, *more, *listed, *prefixes])

    def _content(self, bucket: str, key: str, shown: Callable[[str], str]) -> Child | None:
        """An object in a list; None if it has just been deleted."""
        file = self._places.root / bucket / key
        try:
            state, etag = file.stat(), self.objects.etag(file)
        except FileNotFoundError:
            return None
        return (
            "Contents",
            [
                ("Key", shown(key)),
                ("LastModified", xml.moment(state.st_mtime)),
                ("ETag", etag),
                ("Size", state.st_size),
                ("StorageClass", "STANDARD"),
            ],
        )

    def _created(self, bucket: str) -> str:
        return xml.moment((self._places.root / bucket).stat().st_ctime)


def _most(text: str | None) -> int:
    if text is None:
        return listing.MOST
    if not (text.isascii() and text.isdigit()):
        raise invalid(f"max-keys is {text[:40]!r}, and should be a number.")
    return min(int(text), listing.MOST)


def _quoted(name: str) -> str:
    return quote(name, safe="/")


def _token(last: str) -> str:
    return last.encode().hex()


def _from_token(token: str) -> str:
    try:
        return bytes.fromhex(token).decode()
    except ValueError as error:
        raise invalid("The continuation token provided is incorrect.") from error
