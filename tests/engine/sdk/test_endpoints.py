"""The SDK's own Model, EndpointConfig, Endpoint and ModelBuilder against a LocalJobSession."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.programs import seen_by

# The SDK alone takes five seconds to import.
pytestmark = pytest.mark.slow


def test_endpoints_of_the_sdk_are_created_invoked_updated_and_deleted(
    tmp_path: Path, source: Path
) -> None:
    seen = seen_by("sdk_endpoints_program.py", tmp_path, source)
    assert seen["network"] == ""
    assert seen["first"] == ["3", "text/csv", "v"]
    assert seen["updated"] == ["30", "text/csv", "v"]
    assert (seen["config"], seen["weight"]) == ("ten", 2.0)
    assert seen["listed"] == ["e"]
    assert seen["runtime"] == "v"
    assert seen["none"] == "Endpoint none of account 000000000000 not found."
    assert seen["url"].startswith("http://127.0.0.1:")
    assert seen["builder"] == "30"
    assert seen["configs"] == ["by-builder", "one"]
