"""What is watched, and where its things are: captures, the model that answers, state, labels.

All of it is below ``monitoring/<name>/`` of the session's place in its bucket. ``state/`` is what a
window leaves to the next one; ``ground-truth/`` is what turned out to be true.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .. import registry, settings
from ..deployments import hosting, states
from ..endpoints import captures
from ..pipelines import inputs
from ..runs import record
from ..s3 import bucket_and_key
from . import events, manifests
from .past import Past

FIRST = {
    "bookmark.json": {"until": "1970-01-01T00:00:00+00:00", "taken": {}},
    "history.json": {"windows": []},
}
MARKER = "README.txt"
BATCH = "-batch"  # at the end of the name of batch results


@dataclass(frozen=True)
class Watched:
    """What one monitoring pipeline looks at.

    Attributes:
        name: of the endpoint; of batch results ``<group>-batch``.
        package: description of the model package that answers.
        data_uri: folder with captured requests, or with results of a batch job.
        folder: URI of all that is kept about it.
        is_endpoint: whether it is one.
    """

    name: str
    package: Mapping[str, Any]
    data_uri: str
    folder: str
    is_endpoint: bool = True

    @property
    def state_uri(self) -> str:
        """Folder of the bookmark and the history, which each window's report replaces."""
        return f"{self.folder}/state"

    @property
    def ground_truth_uri(self) -> str:
        """Folder of labels."""
        return f"{self.folder}/ground-truth"

    @property
    def pipeline(self) -> str:
        """Name of the pipeline that watches it."""
        slug = settings.PROJECT_SLUG
        own = self.name if self.name.startswith(slug) else f"{slug}-{self.name}"
        return f"{own}{record.MONITORING}"


def endpoint(session: Any, group: str, name: str, version: int) -> Watched:
    """An endpoint's captures, and the model that answers there.

    Args:
        session: local or managed.
        group: of model packages.
        name: of the endpoint; empty: the one that follows the group. It may be gone already.
        version: of the group; 0: the one that the endpoint serves, else the latest approved.
    """
    client, name = session.sagemaker_client, name or hosting.endpoint_name(group)
    found = states.state(client, name)
    served = hosting.package_of(client, found.configuration) if found else ""
    package = (
        registry.describe(session, served)
        if served and not version
        else registry.to_use(session, group, version)
    )
    place = captures.place(session, name, found.configuration if found else "")
    return Watched(name, package, place.uri, folder(session, name))


def batch(
    session: Any, group: str, results: str, version: int, window: Past | None = None
) -> Watched:
    """Results of batch jobs: of a folder all are one window, of a capture those that are new.

    Args:
        session: local or managed.
        group: of model packages.
        results: file, folder or URI; of a capture its destination, or one manifest.
        version: of the group; 0: the latest approved.
        window: a past one; None: the newest.
    """
    package = registry.to_use(session, group, version)
    uri, name = inputs.upload(session, results, "batch_results"), f"{group}{BATCH}"
    found = Watched(name, package, uri, folder(session, name), is_endpoint=False)
    return replace(found, data_uri=manifests.followed(session, uri, found.state_uri, window))


def folder(session: Any, name: str) -> str:
    """URI of all that is kept about an endpoint, or about batch results."""
    own = session.default_bucket_prefix
    return f"s3://{session.default_bucket()}/{own}/monitoring/{name.lower()}"


def has_data(session: Any, watched: Watched) -> bool:
    """Whether anything was captured at all; a job cannot read a folder without an object."""
    bucket, key = bucket_and_key(watched.data_uri)
    return bool(session.list_s3_files(bucket, f"{key.rstrip('/')}/"))


def prepare(session: Any, watched: Watched) -> None:
    """Have state and labels be folders that jobs can read, before the first window has been."""
    texts = {f"{watched.state_uri}/{name}": json.dumps(each) for name, each in FIRST.items()}
    texts[f"{watched.ground_truth_uri}/{MARKER}"] = "Labels are put here.\n"
    for uri, text in texts.items():
        bucket, key = bucket_and_key(uri)
        if key not in session.list_s3_files(bucket, key):
            session.upload_string_as_file_body(text, bucket, key)


def labels_uri(session: Any, watched: Watched, ground_truth: str) -> str:
    """Where the labels are: those given, else those that ``labels`` has put there.

    Raises:
        ProjectError: what was given is not there, or empty.
    """
    if not ground_truth:
        return watched.ground_truth_uri
    return inputs.upload(session, ground_truth, "ground_truth")


def gather(session: Any, watched: Watched, window: Past | None) -> None:
    """Put beside the state what happened to an endpoint, for the page over all windows."""
    if watched.is_endpoint:
        since, until = (window.start, window.end) if window else (None, None)
        events.gather(session, watched.name, watched.state_uri, until=until, since=since)
