"""Results that the data capture of batch jobs names: its manifests are followed to them.

The capture of a transform job copies no data. Below ``output/yyyy/mm/dd/hh/`` of its destination,
the hour in which the job started, it leaves a manifest of what the job wrote:
``[{"prefix": "s3://.../"}, "key", ...]``. Source: Amazon SageMaker Developer Guide, "Capture data
from batch transform job".
"""

import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import paths
from ..errors import ProjectError
from ..s3 import bucket_and_key, document
from .past import Past
from .training_rows import fetch

if TYPE_CHECKING:
    from monitoring.bookmark import Bookmark

LINES = ".jsonl.out"  # the end of the name of a job's output, by which windows know it
MANIFEST = re.compile(r"^(.*/)?output/(\d{4}/\d\d/\d\d/\d\d/[^/]+)\.json$")


@dataclass(frozen=True)
class Result:
    """An object that a job wrote.

    Attributes:
        key: below which it is copied: the hour, the manifest's name, and its own.
        uri: of it.
    """

    key: str
    uri: str


def followed(session: Any, uri: str, state_uri: str, window: Past | None) -> str:
    """Where the results are that manifests below a URI name; the URI where it holds no manifest.

    Args:
        session: local or managed.
        uri: such as the destination of a capture, or one manifest.
        state_uri: folder with the bookmark of what earlier windows took.
        window: a past one, which has the results of its hours; None: all that no window has.

    Raises:
        ProjectError: a manifest is none, or a result is gone.
    """
    bucket, key = bucket_and_key(uri)
    below = key if key.endswith(".json") else f"{key.rstrip('/')}/"
    manifests = [each for each in session.list_s3_files(bucket, below) if MANIFEST.match(each)]
    found = [each for key in sorted(manifests) for each in _results(session, bucket, key)]
    if not manifests:
        return uri
    keys = {*_wanted([each.key for each in found], session, state_uri, window)}
    if keys:
        return _copied(session, [each for each in found if each.key in keys])
    # There is nothing to look at, and what an endpoint captured beside it is something else.
    return f"s3://{bucket}/" + MANIFEST.sub(r"\1output", manifests[0])


def _results(session: Any, bucket: str, key: str) -> Iterator[Result]:
    text = session.read_s3_file(bucket, key)
    place = MANIFEST.sub(r"\2", key)
    try:
        first, *names = json.loads(text)
        for name in names:
            flat = f"{place}-{name.replace('/', '-')}".removesuffix(LINES)
            yield Result(f"{flat}{LINES}", f"{first['prefix']}{name}")
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ProjectError(
            f"s3://{bucket}/{key} is no manifest of a batch job's capture: it should be a list of "
            "an object with a prefix, and of keys"
        ) from None


def _wanted(
    keys: Sequence[str], session: Any, state_uri: str, window: Past | None
) -> Sequence[str]:
    paths.make_runtime_importable()
    from monitoring import bookmark

    if window is None:
        return _bookmark(session, state_uri).unread(keys)
    first = window.start - timedelta(hours=1)
    return [key for key in keys if first < bookmark.hour(key) < window.end]


def _bookmark(session: Any, state_uri: str) -> "Bookmark":
    from monitoring import bookmark

    found = document(session, f"{state_uri}/bookmark.json")
    return bookmark.read(found) if found else bookmark.Bookmark()


def _copied(session: Any, found: Sequence[Result]) -> str:
    """The URI of a folder with results, each below its hour."""
    with tempfile.TemporaryDirectory() as name:
        for number, each in enumerate(found):
            scratch, target = Path(name, f"{number}"), Path(name, "results", each.key)
            fetch(session, each.uri, scratch)
            files = [*scratch.iterdir()]
            if not files:
                raise ProjectError(f"{each.uri}, which a manifest names, is not there any more")
            target.parent.mkdir(parents=True, exist_ok=True)
            files[0].rename(target)
        return str(session.upload_content(Path(name, "results"), key_prefix="batch-results"))
