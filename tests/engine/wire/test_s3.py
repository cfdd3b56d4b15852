"""S3 over the session's folder, asked by boto3: every object is a file, and the other way round."""

from __future__ import annotations

import io
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError

from engine.wire.conftest import Wired

BUCKET = "sagemaker-local"
MEGABYTE = 1 << 20


def put(wired: Wired, key: str, body: bytes = b"body", **members: Any) -> Any:
    return wired.s3.put_object(Bucket=BUCKET, Key=key, Body=body, **members)


def body(wired: Wired, key: str, **members: Any) -> bytes:
    return bytes(wired.s3.get_object(Bucket=BUCKET, Key=key, **members)["Body"].read())


def keys(wired: Wired, prefix: str, **members: Any) -> list[str]:
    pages = wired.s3.get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=BUCKET, Prefix=prefix, **members).build_full_result()
    return [item["Key"] for item in found.get("Contents", [])]


def file(wired: Wired, key: str) -> Path:
    return wired.local.bucket.root / BUCKET / key


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.mark.slow
def test_objects_are_files_and_files_are_objects(wired: Wired) -> None:
    etag = put(wired, "same/one.txt", b"one")["ETag"]
    assert file(wired, "same/one.txt").read_bytes() == b"one"
    wired.local.put(b"two", "same/two.txt")
    assert body(wired, "same/two.txt") == b"two"
    assert keys(wired, "same/") == ["same/one.txt", "same/two.txt"]

    head = wired.s3.head_object(Bucket=BUCKET, Key="same/one.txt")
    assert (head["ETag"], head["ContentLength"], head["ContentType"]) == (etag, 3, "text/plain")
    put(wired, "same/one.txt", b"other")
    assert wired.s3.head_object(Bucket=BUCKET, Key="same/one.txt")["ETag"] != etag


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [("bytes=2-4", 2, 5), ("bytes=7-", 7, 10), ("bytes=-3", 7, 10), ("bytes=4-99", 4, 10)],
)
def test_ranges(wired: Wired, header: str, start: int, end: int) -> None:
    put(wired, "ranges", b"0123456789")
    found = wired.s3.get_object(Bucket=BUCKET, Key="ranges", Range=header)
    assert found["Body"].read() == b"0123456789"[start:end]
    assert found["ContentRange"] == f"bytes {start}-{end - 1}/10"


def test_a_range_that_is_none_is_refused(wired: Wired) -> None:
    put(wired, "ranges", b"0123456789")
    with pytest.raises(ClientError) as refused:
        body(wired, "ranges", Range="bytes=10-")
    assert code_of(refused) == "InvalidRange"


def test_conditions(wired: Wired) -> None:
    etag = put(wired, "conditions")["ETag"]
    assert body(wired, "conditions", IfMatch=etag) == b"body"
    for members in ({"IfMatch": '"0"'}, {"IfNoneMatch": etag}):
        with pytest.raises(ClientError) as refused:
            body(wired, "conditions", **members)
        assert code_of(refused) in ("PreconditionFailed", "304")
    with pytest.raises(ClientError) as refused:
        put(wired, "conditions", b"new", IfNoneMatch="*")
    assert code_of(refused) == "PreconditionFailed" and body(wired, "conditions") == b"body"
    put(wired, "conditions-new", b"new", IfNoneMatch="*")


def test_headers_that_are_given_come_back_until_the_object_is_another(wired: Wired) -> None:
    given: dict[str, Any] = {
        "ContentType": "text/csv",
        "CacheControl": "no-cache",
        "Metadata": {"who": "me"},
    }
    put(wired, "headers", **given)
    wired.s3.copy_object(
        Bucket=BUCKET, Key="headers-copy", CopySource={"Bucket": BUCKET, "Key": "headers"}
    )
    for key in ("headers", "headers-copy"):
        head = wired.s3.head_object(Bucket=BUCKET, Key=key)
        assert {name: head[name] for name in given} == given
    wired.local.put(b"by a job", "headers")
    assert wired.s3.head_object(Bucket=BUCKET, Key="headers")["Metadata"] == {}


def test_copies(wired: Wired) -> None:
    put(wired, "copies/a b+c.txt", b"copied")
    source = {"Bucket": BUCKET, "Key": "copies/a b+c.txt"}
    wired.s3.copy_object(Bucket=BUCKET, Key="copies/new", CopySource=source)
    assert body(wired, "copies/new") == b"copied"
    with pytest.raises(ClientError) as refused:
        absent = {"Bucket": BUCKET, "Key": "copies/absent"}
        wired.s3.copy_object(Bucket=BUCKET, Key="copies/new", CopySource=absent)
    assert code_of(refused) == "NoSuchKey" and body(wired, "copies/new") == b"copied"


def test_deleting_takes_empty_folders_with_it(wired: Wired) -> None:
    put(wired, "gone/a/b/c")
    put(wired, "gone/a/d")
    wired.s3.delete_object(Bucket=BUCKET, Key="gone/a/b/c")
    assert not file(wired, "gone/a/b").exists() and file(wired, "gone/a/d").is_file()
    wired.s3.delete_object(Bucket=BUCKET, Key="gone/a/b/c")  # is no error
    wired.s3.delete_object(Bucket=BUCKET, Key="gone/a")  # a prefix is no object
    assert keys(wired, "gone/") == ["gone/a/d"]


def test_many_are_deleted_at_once(wired: Wired) -> None:
    for number in range(5):
        put(wired, f"many/{number}")
    wanted = [{"Key": "many/0"}, {"Key": "many/1"}, {"Key": "many/absent"}, {"Key": "many/../x"}]
    found = wired.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": wanted})
    assert [item["Key"] for item in found["Deleted"]] == ["many/0", "many/1", "many/absent"]
    assert [item["Code"] for item in found["Errors"]] == ["InvalidArgument"]
    quiet = {"Objects": [{"Key": "many/2"}], "Quiet": True}
    assert "Deleted" not in wired.s3.delete_objects(Bucket=BUCKET, Delete=quiet)
    assert keys(wired, "many/") == ["many/3", "many/4"]


@pytest.mark.slow
def test_a_large_file_goes_and_comes_in_parts(wired: Wired, tmp_path: Path) -> None:
    """boto3 itself decides to: parts side by side, ranges side by side, a copy of parts."""
    content = random.Random(0).randbytes(18 * MEGABYTE)
    wired.s3.upload_fileobj(io.BytesIO(content), BUCKET, "large", {"Metadata": {"k": "v"}})
    assert file(wired, "large").read_bytes() == content
    assert wired.s3.head_object(Bucket=BUCKET, Key="large")["Metadata"] == {"k": "v"}
    wired.s3.copy({"Bucket": BUCKET, "Key": "large"}, BUCKET, "large-copy")
    wired.s3.download_file(BUCKET, "large-copy", str(tmp_path / "large"))
    assert (tmp_path / "large").read_bytes() == content
    assert list((wired.local.bucket.root / ".uploads").iterdir()) == []


def begun(wired: Wired, key: str) -> dict[str, str]:
    upload = wired.s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    return {"Bucket": BUCKET, "Key": key, "UploadId": upload}


def completed(wired: Wired, upload: dict[str, str], *parts: tuple[int, str]) -> Any:
    listed = [{"PartNumber": number, "ETag": etag} for number, etag in parts]
    return wired.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": listed})


def test_parts_are_put_together_in_the_order_of_their_numbers(wired: Wired) -> None:
    upload = begun(wired, "parts")
    large = b"1" * (5 * MEGABYTE)
    tags = {
        number: wired.s3.upload_part(**upload, PartNumber=number, Body=content)["ETag"]
        for number, content in {7: b"7", 2: b"wrong", 1: b"small"}.items()
    }
    tags[2] = wired.s3.upload_part(**upload, PartNumber=2, Body=large)["ETag"]
    for parts, code in (
        ([(7, tags[7]), (2, tags[2])], "InvalidPartOrder"),
        ([(2, tags[7])], "InvalidPart"),
        ([(3, tags[2])], "InvalidPart"),
        ([(1, tags[1]), (2, tags[2])], "EntityTooSmall"),
    ):
        with pytest.raises(ClientError) as refused:
            completed(wired, upload, *parts)
        assert code_of(refused) == code
    assert keys(wired, "parts") == []
    completed(wired, upload, (2, tags[2]), (7, tags[7]))
    assert body(wired, "parts") == large + b"7"
    with pytest.raises(ClientError) as refused:
        completed(wired, upload, (2, tags[2]))
    assert code_of(refused) == "NoSuchUpload"


def test_an_upload_that_is_given_up_leaves_nothing(wired: Wired) -> None:
    upload = begun(wired, "given-up")
    wired.s3.upload_part(**upload, PartNumber=1, Body=b"1")
    with pytest.raises(ClientError) as refused:  # its identifier is good for its own key only
        wired.s3.abort_multipart_upload(**{**upload, "Key": "other"})
    assert code_of(refused) == "NoSuchUpload"
    wired.s3.abort_multipart_upload(**upload)
    assert keys(wired, "given-up") == []
    assert list((wired.local.bucket.root / ".uploads").iterdir()) == []


def test_buckets(wired: Wired) -> None:
    s3 = wired.s3
    s3.create_bucket(Bucket="own-bucket")
    assert "own-bucket" in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert s3.head_bucket(Bucket="own-bucket")["BucketRegion"] == "us-east-1"
    assert s3.get_bucket_location(Bucket="own-bucket")["LocationConstraint"] is None
    assert "Status" not in s3.get_bucket_versioning(Bucket="own-bucket")
    s3.put_object(Bucket="own-bucket", Key="a/b", Body=b"")
    with pytest.raises(ClientError) as refused:
        s3.delete_bucket(Bucket="own-bucket")
    assert code_of(refused) == "BucketNotEmpty"
    s3.delete_object(Bucket="own-bucket", Key="a/b")
    s3.delete_bucket(Bucket="own-bucket")
    assert "own-bucket" not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


@pytest.mark.parametrize(
    ("call", "members", "code"),
    [
        ("get_object", {"Key": "absent"}, "NoSuchKey"),
        ("head_object", {"Key": "absent"}, "404"),
        ("get_object", {"Bucket": "no-bucket", "Key": "k"}, "NoSuchBucket"),
        ("list_objects_v2", {"Bucket": "no-bucket"}, "NoSuchBucket"),
        ("put_object", {"Bucket": "no-bucket", "Key": "k"}, "NoSuchBucket"),
        ("head_bucket", {"Bucket": "no-bucket"}, "404"),
        ("create_bucket", {"Bucket": "No_Name"}, "InvalidArgument"),
        ("put_object", {"Key": "../escaped"}, "InvalidArgument"),
        ("put_object", {"Key": "a/../../escaped"}, "InvalidArgument"),
        ("put_object", {"Key": "a//b"}, "InvalidArgument"),
        ("put_object", {"Key": "a/./b"}, "InvalidArgument"),
        ("put_object", {"Key": "n" * 256}, "InvalidArgument"),
        ("put_object", {"Key": "nu\0ll"}, "InvalidArgument"),
        ("get_object_acl", {"Key": "absent"}, "NotImplemented"),
        ("get_bucket_policy", {}, "NotImplemented"),
        ("get_object", {"Key": "absent", "VersionId": "1"}, "NotImplemented"),
        ("list_objects_v2", {"ContinuationToken": "made up"}, "InvalidArgument"),
    ],
)
def test_what_is_refused(wired: Wired, call: str, members: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(wired.s3, call)(**{"Bucket": BUCKET, **members})
    assert code_of(refused) == code
    assert not list(wired.local.root.parent.rglob("escaped"))


def test_a_key_below_a_key_is_refused_and_breaks_nothing(wired: Wired) -> None:
    """In S3 both may be; a folder and a file cannot have one name, so the second is refused."""
    put(wired, "below/a", b"first")
    with pytest.raises(ClientError) as refused:
        put(wired, "below/a/b")
    assert code_of(refused) == "InvalidRequest" and "choose another key" in str(refused.value)
    put(wired, "below/c/d", b"deep")
    with pytest.raises(ClientError) as refused:
        put(wired, "below/c")
    assert code_of(refused) == "InvalidRequest"
    assert keys(wired, "below/") == ["below/a", "below/c/d"]
    wired.s3.delete_object(Bucket=BUCKET, Key="below/a")
    put(wired, "below/a/b", b"now it can")
    assert body(wired, "below/a/b") == b"now it can"


def test_a_folder_of_a_console_is_one(wired: Wired) -> None:
    put(wired, "console/empty/", b"")
    assert file(wired, "console/empty").is_dir()
    assert wired.s3.head_object(Bucket=BUCKET, Key="console/empty/")["ContentLength"] == 0
    put(wired, "console/empty", b"an object may take its name")
    assert keys(wired, "console/") == ["console/empty"]


def test_links_do_not_lead_out(wired: Wired, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    folder = file(wired, "links")
    folder.mkdir()
    (folder / "folder").symlink_to(outside)
    (folder / "file").symlink_to(outside / "secret")
    put(wired, "links/good")
    assert keys(wired, "links/") == ["links/good"]
    assert keys(wired, "links/folder/") == []
    for key in ("links/folder/secret", "links/file"):
        with pytest.raises(ClientError) as refused:
            body(wired, key)
        assert code_of(refused) == "InvalidArgument"
    with pytest.raises(ClientError):
        put(wired, "links/folder/new")
    assert [path.name for path in outside.iterdir()] == ["secret"]


@pytest.mark.parametrize(
    "key",
    ["a+b c%20?&#é;=@:$,!*'()~.txt", "日本/語 と.csv", 'x/&<>"y', "end ", "_/.h", "😀", "t\tn\n"],
)
def test_keys_of_any_characters(wired: Wired, key: str) -> None:
    put(wired, f"names/{key}", key.encode())
    source = {"Bucket": BUCKET, "Key": f"names/{key}"}
    wired.s3.copy_object(Bucket=BUCKET, Key=f"names-copied/{key}", CopySource=source)
    assert body(wired, f"names-copied/{key}") == key.encode()
    assert f"names/{key}" in keys(wired, "names/")


def test_a_presigned_address_is_answered(wired: Wired) -> None:
    where = {"Bucket": BUCKET, "Key": "presigned"}
    address = wired.s3.generate_presigned_url("put_object", where)
    urlopen(Request(address, b"by hand", method="PUT")).close()  # which calls it a form
    members = {**where, "ResponseContentType": "text/csv"}
    with urlopen(wired.s3.generate_presigned_url("get_object", members)) as answer:
        assert answer.read() == b"by hand"
        assert answer.headers["Content-Type"] == "text/csv"


@pytest.mark.slow
def test_objects_come_and_go_side_by_side(wired: Wired) -> None:
    """Whoever deletes the last object of a folder deletes that, while others write to it."""

    def come_and_go(number: int) -> None:
        s3 = wired.client("s3")
        for each in range(12):
            key = f"side/by/side/{each % 2}/{number}"
            s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
            s3.list_objects_v2(Bucket=BUCKET, Prefix="side/")
            s3.delete_object(Bucket=BUCKET, Key=key)

    with ThreadPoolExecutor(4) as clients:
        list(clients.map(come_and_go, range(4)))
    assert keys(wired, "side/") == [] and not file(wired, "side").exists()
