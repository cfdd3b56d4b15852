"""Endpoints outlive whoever created them, and come back when their processes are killed."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

import psutil
import pytest
from botocore.exceptions import ClientError

from engine.hosting import Hosted, post, scale, variant
from engine.local import ARNS, until

pytestmark = pytest.mark.slow


def test_what_is_killed_comes_back_and_a_deleted_endpoint_leaves_its_log_only(own: Hosted) -> None:
    own.model("ten", scale(10))
    own.create("Two", variant("ten"), variant("ten", "other"))
    a_backend_is_started_again(own)
    the_supervisor_is_started_again_at_its_address(own)
    all_is_started_again_at_the_next_look(own)
    own.delete("Two")
    with pytest.raises(ClientError, match=f'Could not find endpoint "{ARNS.endpoint("two")}"'):
        own.described("Two")
    assert own.processes() == []
    files = {path.name for path in own.local.root.glob("endpoints/two/**/*") if path.is_file()}
    assert files == {"job.log"}
    until(lambda: own.processes("__main__.py") == [])  # there is nothing to supervise


def a_backend_is_started_again(own: Hosted) -> None:
    for process in own.processes():
        process.kill()
    connection = own.connection()
    seen = set()

    def answers() -> bool:
        seen.add(post(connection, "Two", "1,2")[0])
        return 200 in seen and len(own.processes()) == 2

    until(answers)
    connection.close()
    assert seen <= {200, 424, 503}
    assert "it is started again" in own.log


def the_supervisor_is_started_again_at_its_address(own: Hosted) -> None:
    """Nobody looks at the endpoint meanwhile: its guardian does."""
    before = own.record
    own.supervisor.kill()
    connection = http.client.HTTPConnection(urlsplit(before.url).netloc, timeout=60)

    def answers() -> bool:
        try:
            return post(connection, "Two", "1,2")[0] == 200
        except (OSError, http.client.HTTPException):
            connection.close()
            return False

    until(answers)
    connection.close()
    again = own.record
    assert again.url == before.url
    assert again.owner != before.owner
    until(lambda: len(own.processes()) == 2)  # those of the one before are ended


def all_is_started_again_at_the_next_look(own: Hosted) -> None:
    processes = [*own.processes("__main__.py"), *own.processes()]
    for process in processes:
        process.kill()
    psutil.wait_procs(processes)
    assert own.described("Two")["EndpointStatus"] == "InService"
    connection = own.connection()
    until(lambda: post(connection, "Two", "1,2")[0] == 200)
    connection.close()
