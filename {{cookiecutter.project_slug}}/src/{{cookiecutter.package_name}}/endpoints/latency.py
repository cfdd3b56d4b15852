"""How long an endpoint takes to answer, as a client sees it."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

WARM_UP = 20  # requests that are sent first and do not count: connections, caches, first calls
PERCENTILES = (50, 90, 99)


def measure(
    client: Any, endpoint: str, bodies: Sequence[bytes], count: int, warm_up: int = WARM_UP
) -> list[float]:
    """Milliseconds of each of so many requests, one after the other over one connection.

    What is measured begins when boto3 is called and ends when the answer is read: signing, the way
    there and back, and the endpoint's work.

    Args:
        client: ``boto3.client("sagemaker-runtime")``.
        endpoint: its name.
        bodies: JSON, taken in turn.
        count: requests that are measured.
        warm_up: requests before them.
    """
    taken = []
    for number in range(-warm_up, count):
        began = time.perf_counter()
        answer = client.invoke_endpoint(
            EndpointName=endpoint,
            Body=bodies[number % len(bodies)],
            ContentType="application/json",
            Accept="application/json",
        )
        answer["Body"].read()
        taken.append((time.perf_counter() - began) * 1000)
    return taken[warm_up:]


def summary(measured: dict[str, list[float]]) -> "pd.DataFrame":
    """A row for each series: how many, percentiles, the slowest, requests a second."""
    import numpy as np
    import pandas as pd

    rows: dict[str, dict[str, float]] = {}
    for name, taken in measured.items():
        rows[name] = {"requests": len(taken)}
        rows[name] |= {f"p{share} ms": float(np.percentile(taken, share)) for share in PERCENTILES}
        rows[name] |= {"slowest ms": max(taken), "requests/s": 1000 * len(taken) / sum(taken)}
    return pd.DataFrame(rows).T.astype({"requests": int})
