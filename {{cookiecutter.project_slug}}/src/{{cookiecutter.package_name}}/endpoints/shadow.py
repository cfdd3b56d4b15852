"""A challenger beside the champion: both get the same requests, and their captures are compared."""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..runs.predictions import flat
from . import captures, waiting

if TYPE_CHECKING:
    import pandas as pd

CLOSE = 0.05  # of the champion's number: two numbers that differ by no more agree
CHAMPION, CHALLENGER = "champion", "challenger"


def send(client: Any, endpoint: str, records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Ask for each record by a request of its own; gives the inference ids, in their order."""
    mark = secrets.token_hex(4)
    ids = [f"shadow-{mark}-{number}" for number in range(len(records))]
    for identifier, record in zip(ids, records, strict=True):
        client.invoke_endpoint(
            EndpointName=endpoint,
            Body=json.dumps({"instances": [record]}).encode(),
            ContentType="application/json",
            Accept="application/json",
            InferenceId=identifier,
        )["Body"].read()
    return ids


def answers(
    session: Any,
    uri: str,
    endpoint: str,
    variants: tuple[str, str],
    ids: Sequence[str],
    since: datetime,
) -> "pd.DataFrame":
    """What both variants answered, joined by inference id.

    Args:
        session: local or managed.
        uri: where the endpoint's captures go.
        endpoint: its name.
        variants: the champion's and the challenger's.
        ids: of the requests.
        since: when the first one was sent.

    Returns:
        A row for each request. Columns: ``champion`` and ``challenger``, what each predicts, and
        of classes ``champion P(...)`` and so on.

    Raises:
        ProjectError: the captures are not there in time.
    """
    import pandas as pd

    wanted = set(ids)

    def captured(variant: str) -> dict[str, str]:
        found = captures.of_variant(session, uri, endpoint, variant, since)
        return {each.inference_id: each.answered for each in found if each.inference_id in wanted}

    sides = {}
    for who, variant in zip((CHAMPION, CHALLENGER), variants, strict=True):
        kept = waiting.until(
            session,
            lambda variant=variant: captured(variant),  # type: ignore[misc]
            lambda found: found.keys() >= wanted,
            f"{endpoint}'s captures of {variant}",
        )
        sides[who] = pd.DataFrame.from_dict(
            {each: _columns(who, kept[each]) for each in ids}, orient="index"
        )
    return sides[CHAMPION].join(sides[CHALLENGER]).rename_axis("inference id")


def _columns(who: str, answered: str) -> dict[str, Any]:
    (prediction,) = json.loads(answered)["predictions"]
    parts = flat(prediction)
    return {who: parts.pop("prediction")} | {f"{who} {name}": p for name, p in parts.items()}


def agree(compared: "pd.DataFrame", close: float = CLOSE) -> "pd.Series[bool]":
    """Which requests both answer alike: the same class, or numbers that differ by so much at most.

    Args:
        compared: see ``answers``.
        close: the difference, as a share of the champion's number.
    """
    champion, challenger = compared[CHAMPION], compared[CHALLENGER]
    if not is_number(compared):
        return champion.astype(str) == challenger.astype(str)
    return (champion - challenger).abs() <= close * champion.abs()


def is_number(compared: "pd.DataFrame") -> bool:
    """Whether numbers are predicted, and not classes, which come with probabilities."""
    return list(compared.columns) == [CHAMPION, CHALLENGER]


def summary(compared: "pd.DataFrame", close: float = CLOSE) -> dict[str, float]:
    """Facts for a table: requests, agreement, and how far the two are from one another."""
    facts = {"requests": float(len(compared)), "agreement": float(agree(compared, close).mean())}
    pairs = [(CHAMPION, CHALLENGER)]
    if not is_number(compared):
        start = f"{CHAMPION} "
        names = [name.removeprefix(start) for name in compared if str(name).startswith(start)]
        pairs = [(f"{CHAMPION} {name}", f"{CHALLENGER} {name}") for name in names]
    gaps = [(compared[here] - compared[there]).abs() for here, there in pairs]
    return facts | {
        "mean difference": float(sum(gap.mean() for gap in gaps) / len(gaps)),
        "largest difference": float(max(gap.max() for gap in gaps)),
    }
