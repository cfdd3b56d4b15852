"""An update changes the models, and no client notices more than other answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from engine.hosting import Hosted, post, scale, variant
from engine.local import until

pytestmark = pytest.mark.slow

_SWAPS = 5
_FACTORS = (1, 10)


@dataclass
class Load:
    """Clients that ask without a pause, and never again for what failed.

    Attributes:
        answers: statuses and texts, with how often each came.
    """

    hosted: Hosted
    answers: dict[tuple[int, str], int] = field(default_factory=dict)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Two clients on connections that stay, and two that open one for each request."""
        ended, lock = threading.Event(), threading.Lock()
        errors: list[BaseException] = []

        def ask(stays: bool) -> None:
            connection = self.hosted.connection()
            try:
                while not ended.is_set():
                    answer = post(connection, "e", "1,2")
                    with lock:
                        self.answers[answer] = self.answers.get(answer, 0) + 1
                    if not stays:
                        connection.close()
            except Exception as error:
                errors.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=ask, args=(stays,)) for stays in (True, False) * 2]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ended.set()
            for thread in threads:
                thread.join()
        assert errors == []

    def so_many(self, count: int) -> None:
        """Wait until so many requests more are answered."""
        wanted = sum(self.answers.values()) + count
        until(lambda: sum(self.answers.values()) >= wanted)


def test_five_updates_under_load_lose_no_request_and_mix_up_none(own: Hosted) -> None:
    for factor in _FACTORS:
        own.model(f"times-{factor}", scale(factor))
        own.configure(f"c{factor}", variant(f"times-{factor}", "v"))
    own.client.create_endpoint(EndpointName="e", EndpointConfigName="c1")
    own.settled("e")
    load = Load(own)
    with load.running():
        for swap in range(_SWAPS):
            factor = _FACTORS[(swap + 1) % 2]
            load.so_many(20)
            found = own.update("e", f"c{factor}")
            assert found["EndpointConfigName"] == f"c{factor}"
            assert own.invoke("e") == (str(3 * factor), "v"), "the new model answers from now on"
        load.so_many(20)
    assert set(load.answers) == {(200, "3"), (200, "30")}
    assert sum(load.answers.values()) > 20 * _SWAPS
    until(lambda: len(own.processes()) == 1)  # the old ones are ended


def test_an_update_that_fails_goes_back_to_what_served(own: Hosted) -> None:
    own.model("good", scale(1))
    own.create("e", variant("good"), DataCaptureConfig=capture(own))
    own.model("broken", "raise ImportError('no such library')")
    own.configure("broken", variant("broken"))
    load = Load(own)
    with load.running():
        load.so_many(5)
        found = own.update("e", "broken")
        load.so_many(5)
    assert set(load.answers) == {(200, "3")}
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "e")
    assert "no such library" in found["FailureReason"]
    assert found["DataCaptureConfig"]["CaptureStatus"] == "Started"
    retained(own)


def capture(own: Hosted, percentage: int = 100) -> dict[str, Any]:
    return {
        "InitialSamplingPercentage": percentage,
        "DestinationS3Uri": own.local.bucket.uri("captured"),
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }


def retained(own: Hosted) -> None:
    """Properties of variants stay if that is asked for, but for those that are excluded."""
    config = {"DataCaptureConfig": capture(own, 7)}
    own.configure(
        "other", variant("good", InitialVariantWeight=5.0, InitialInstanceCount=4), **config
    )
    found = own.update(
        "e",
        "other",
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DataCaptureConfig"}],
    )
    (described,) = found["ProductionVariants"]
    assert (described["CurrentWeight"], described["CurrentInstanceCount"]) == (1.0, 1)
    assert found["DataCaptureConfig"]["CurrentSamplingPercentage"] == 7
    assert "FailureReason" not in found
    found = own.update("e", "other")
    (described,) = found["ProductionVariants"]
    assert (described["CurrentWeight"], described["CurrentInstanceCount"]) == (5.0, 4)
