"""A step's CacheConfig: durations in every spelling, and what is none."""

from __future__ import annotations

from typing import Any

import pytest
from sagemaker_local.definition.cache_config import CacheConfig, duration, parse_cache_config

from engine.definitions import definition, processing
from engine.local import Local

DAY = 86400


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30d", 30 * DAY),
        ("P30D", 30 * DAY),
        ("P7d", 7 * DAY),
        ("PT1H", 3600),
        ("T12H", 12 * 3600),
        ("12h", 12 * 3600),
        ("90m", 90 * 60),
        ("45s", 45),
        ("P2W", 14 * DAY),
        ("1w", 7 * DAY),
        ("P1M", 30 * DAY),
        ("P1Y", 365 * DAY),
        ("P1DT12H30M5S", 1.5 * DAY + 30 * 60 + 5),
        ("pt0s", 0),
    ],
)
def test_durations_in_every_spelling(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "T", "30", "d", "30 days", "-P1D", "P1.5D", "P30D ", "1h30", 30, None, {}],
)
def test_what_is_no_duration_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match="is no duration such as 30d, P30D or PT12H"):
        duration(text)


def test_a_cache_config_is_read() -> None:
    assert parse_cache_config(None) is None
    assert parse_cache_config({}) is None
    assert parse_cache_config({"Enabled": False, "ExpireAfter": "30d"}) is None
    assert parse_cache_config({"Enabled": True}) == CacheConfig(None)
    assert parse_cache_config({"Enabled": True, "ExpireAfter": "PT1H"}) == CacheConfig(3600)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"Enabled": True, "ExpireAfter": "soon"}, "ExpireAfter 'soon' is no duration"),
        ({"Enabled": False, "ExpireAfter": "soon"}, "ExpireAfter 'soon' is no duration"),
        ({"Enabled": "true"}, "CacheConfig.Enabled should be true or false, and is 'true'"),
        ({"Enabled": True, "Expire": "30d"}, "CacheConfig should have Enabled and ExpireAfter"),
        ("on", "CacheConfig should have Enabled and ExpireAfter"),
    ],
)
def test_a_bad_cache_config_is_refused_before_anything_runs(
    local: Local, config: Any, reason: str
) -> None:
    step = processing("S", local.code("pass"), CacheConfig=config)
    with pytest.raises(Exception, match="cannot run, for 1 reason") as refused:
        local.run(definition(step))
    assert f"step 'S': {reason}" in str(refused.value)
    assert local.client.list_pipelines()["PipelineSummaries"] == []
