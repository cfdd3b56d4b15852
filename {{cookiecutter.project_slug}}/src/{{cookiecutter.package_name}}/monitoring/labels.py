"""Labels of captured requests, put where the monitoring of an endpoint looks for them."""

import hashlib
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import paths, registry
from ..deployments import hosting, listing, states
from ..errors import ProjectError
from ..pipelines import inputs
from ..s3 import bucket_and_key
from . import watched


def check_known(session: Any, name: str) -> None:
    """Raise a ProjectError where nobody would ever look at the labels of that name."""
    client, places = session.sagemaker_client, [f"{watched.folder(session, name)}/state"]
    places.append(f"{hosting.captures_uri(session)}/{name}")
    group = name.removesuffix(watched.BATCH)
    if states.state(client, name) or (group != name and group in registry.groups(session, group)):
        return
    for bucket, key in map(bucket_and_key, places):
        if session.list_s3_files(bucket, f"{key}/"):
            return
    known = ", ".join(listing.names(session)) or "none"
    raise ProjectError(
        f"{name} is no endpoint, and has captured nothing: nobody would look at its labels; give "
        f"--endpoint one that there is ({known}), or <group>{watched.BATCH} for batch results"
    )


def add(session: Any, name: str, source: str) -> str:
    """Put labels into the ground truth of an endpoint, as lines in Model Monitor's format.

    Args:
        session: local or managed.
        name: of the endpoint, or of batch results.
        source: a CSV file with the columns id and label, or lines of ground truth.

    Returns:
        A sentence.

    Raises:
        ProjectError: the file is none, or says of an id what another file says otherwise.
    """
    paths.make_runtime_importable()
    from monitoring import ground_truth
    from tabular.values import DataError

    file = inputs.find(source, "the file of labels")
    target = f"{watched.folder(session, name)}/ground-truth"
    bucket, key = bucket_and_key(target)
    with tempfile.TemporaryDirectory() as folder:
        if session.list_s3_files(bucket, f"{key}/"):
            session.download_data(folder, bucket, f"{key}/")
        try:
            known = ground_truth.read(sorted(Path(folder).rglob("*.jsonl")))
            ground_truth.read([*sorted(Path(folder).rglob("*.jsonl")), file])
            given = ground_truth.read([file])
        except DataError as error:
            raise ProjectError(str(error)) from None
    new = {row: ground_truth.cell(label) for row, label in given.items() if row not in known}
    if not new:
        return f"all {len(given):,} labels of {file.name} are there already"
    text = "".join(ground_truth.lines(new))
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    place = f"{datetime.now(UTC):%Y/%m/%d/%H}/{file.stem}-{digest}.jsonl"
    session.upload_string_as_file_body(text, bucket, f"{key}/{place}")
    return f"{len(new):,} labels are at {target}/{place}"
