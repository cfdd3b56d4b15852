"""Requests of a day: listings that are made, each sent to an endpoint, and what is true of them."""

import http.client
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .. import sample_data, settings
from ..deployments import hosting, states
from ..endpoints import captures, waiting
from ..errors import ProjectError

if TYPE_CHECKING:
    import pandas as pd

ID_HEADER = "X-Amzn-SageMaker-Inference-Id"


@dataclass(frozen=True)
class Hour:
    """Listings that are asked about in one window.

    Attributes:
        name: of the window; its requests' ids begin so.
        seed: of the listings.
        shift: by how much the columns move.
        columns: that move, and what cars are worth with them; none: it is calm.
        rows: how many.
    """

    name: str
    seed: int
    shift: float = 0.0
    columns: Collection[str] = ()
    rows: int = 1_000

    def listings(self) -> "pd.DataFrame":
        """The listings, with the target in the last column, as a CSV file has them."""
        import io

        import pandas as pd

        worth = [sample_data.TARGETS[settings.PROBLEM_TYPE]] if self.columns else []
        moved = [*self.columns, *worth]
        made = sample_data.listings(self.rows, self.seed, self.shift, shifted_columns=moved)
        text = "".join(chunk.to_csv(index=False, header=not at) for at, chunk in enumerate(made))
        return pd.read_csv(io.StringIO(text))

    def identifiers(self) -> list[str]:
        """The inference id of each request."""
        return [f"{self.name.replace(' ', '-')}-{number}" for number in range(self.rows)]


def send(session: Any, endpoint: str, hour: Hour) -> datetime:
    """Ask an endpoint about each listing over HTTP, and wait until all is captured.

    Returns:
        When the first was asked.

    Raises:
        ProjectError: the endpoint refuses one.
    """
    began = datetime.now(UTC)
    listings = hour.listings()
    records = json.loads(listings.drop(columns=listings.columns[-1]).to_json(orient="records"))
    address = urlsplit(session.endpoint_url())
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
    for identifier, record in zip(hour.identifiers(), records, strict=True):
        body = json.dumps({"instances": [record]})
        headers = {"Content-Type": "application/json", ID_HEADER: identifier}
        connection.request("POST", f"/endpoints/{endpoint}/invocations", body, headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise ProjectError(f"{endpoint} answered {answer.status} to {identifier}: {said!r}")
    connection.close()
    _wait_until_captured(session, endpoint, hour, began)
    return began


def _wait_until_captured(session: Any, endpoint: str, hour: Hour, since: datetime) -> None:
    found = states.existing(session.sagemaker_client, endpoint)
    uri = hosting.of_configuration(session.sagemaker_client, found.configuration).capture_uri
    expected = set(hour.identifiers())

    def captured() -> set[str]:
        kept = captures.of_variant(session, uri, endpoint, hosting.VARIANT, since)
        return {each.inference_id for each in kept}

    what = f"the captures of {endpoint}"
    waiting.until(session, captured, lambda ids: expected <= ids, what)


def write_labels(path: Path, hours: Collection[Hour], mixed_up: Collection[str] = ()) -> Path:
    """A table of id,label: what turned out to be true of the requests of some hours.

    Args:
        path: of the file.
        hours: whose requests they are.
        mixed_up: ids whose labels are turned around: the largest of them for the smallest.
    """
    import numpy as np
    import pandas as pd

    tables = []
    for hour in hours:
        listings = hour.listings()
        tables.append(pd.DataFrame({"id": hour.identifiers(), "label": listings.iloc[:, -1]}))
    table = pd.concat(tables, ignore_index=True)
    places = np.flatnonzero(table["id"].isin(mixed_up))
    ordered = places[np.argsort(table["label"].to_numpy()[places], kind="stable")]
    table.loc[ordered, "label"] = table["label"].to_numpy()[ordered[::-1]]
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, lineterminator="\n")
    return path
