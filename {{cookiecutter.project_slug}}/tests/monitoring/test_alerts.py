"""Alerts: over n of m windows, to real servers on loopback, and nobody left out by another."""

import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.package_name }} import paths
from {{ cookiecutter.package_name }}.errors import ProjectError
from {{ cookiecutter.package_name }}.monitoring import alerts, windows
from {{ cookiecutter.package_name }}.monitoring.alerts import Message, Recipients
from {{ cookiecutter.package_name }}.monitoring.windows import Rule

MESSAGE = Message("cars: mileage_km drifted", "distance 0.31, since 10:00 — see reports/index.html")


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "PROJECT", tmp_path)


@contextmanager
def serving(server: socketserver.TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def hook(got: list[Any], status: int = 200) -> socketserver.TCPServer:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return http.server.HTTPServer(("127.0.0.1", 0), Handler)


def mail_server(got: list[str]) -> socketserver.TCPServer:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            data = False
            for line in self.rfile:
                text = line.decode().rstrip("\r\n")
                if data:
                    data = text != "."
                    got.append(text)
                    if not data:
                        self.wfile.write(b"250 taken\r\n")
                elif text.upper() == "DATA":
                    data = True
                    self.wfile.write(b"354 go on\r\n")
                elif text.upper() == "QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                else:
                    self.wfile.write(b"250 well\r\n")

    return socketserver.TCPServer(("127.0.0.1", 0), Handler)


def test_everybody_is_told(tmp_path: Path) -> None:
    posted: list[Any] = []
    mailed: list[str] = []
    with serving(hook(posted)) as web, serving(mail_server(mailed)) as mail:
        recipients = Recipients(
            webhook=f"http://127.0.0.1:{web}/hook",
            smtp=f"smtp://127.0.0.1:{mail}",
            sender="monitor@example.com",
            to="you@example.com",
        )
        assert alerts.send(MESSAGE, recipients) == []
    assert posted[0]["subject"] == MESSAGE.subject
    assert MESSAGE.text in posted[0]["text"]
    assert f"Subject: {MESSAGE.subject}" in mailed
    (line,) = (tmp_path / "reports" / "alerts.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["text"] == MESSAGE.text


def test_one_who_cannot_be_reached_keeps_nobody_from_being_told(tmp_path: Path) -> None:
    posted: list[Any] = []
    with serving(hook(posted, status=500)) as web:
        recipients = Recipients(
            webhook=f"http://127.0.0.1:{web}/hook",
            smtp="smtp://127.0.0.1:1",
            sender="a@example.com",
            to="b@example.com",
        )
        missed = alerts.send(MESSAGE, recipients)
    assert [each.partition(" was not told")[0] for each in missed] == [
        "the webhook",
        "the mail server",
    ]
    assert "500" in missed[0]
    assert (tmp_path / "reports" / "alerts.jsonl").is_file()


def test_a_topic_gets_a_subject_that_sns_takes() -> None:
    class Sns:
        def publish(self, **request: str) -> None:
            self.got = request

    sns = Sns()
    long = Message("ü" + "x" * 200, "text")
    assert alerts.send(long, Recipients(file="", topic="arn:aws:sns:a:1:t"), sns) == []
    assert len(sns.got["Subject"]) == 100
    assert sns.got["Subject"].isascii()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("webhok: https://x", "webhok"),
        ("webhook: ftp://x", "ftp"),
        ("smtp: smtp://h", "sender"),
        ("{smtp: 'smtp://u:secret@h', sender: a, to: b}", "ALERT_SMTP_PASSWORD"),
        ("just words", "just words"),
    ],
)
def test_settings_that_say_nothing_are_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "alerts.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError, match=said) as found:
        alerts.read(tmp_path / "alerts.yaml")
    assert "secret" not in str(found.value)


def test_without_settings_a_file_is_written(tmp_path: Path) -> None:
    assert alerts.read(tmp_path / "none.yaml") == Recipients()


def test_two_of_three_windows_begin_an_alert_and_calm_ones_end_it() -> None:
    seen = [False, True, False, True, True, False, False, True]
    history: list[dict[str, str]] = []
    said = []
    for drifted in seen:
        history.append({"mileage_km": "distance 0.3"} if drifted else {})
        said.append(windows.changes(Rule(2, 3), history).get("mileage_km", ""))
    assert said == ["", "", "", "begins", "", "", "ends", ""]


def test_an_alert_says_since_when() -> None:
    times = ["08:00", "09:00", "10:00"]
    assert windows.since("a", [{"a": ""}, {}, {"a": ""}], times) == "10:00"
    assert windows.since("a", [{}, {"a": ""}, {"a": ""}], times) == "09:00"
    assert windows.since("a", [{"a": ""}, {}, {}], times) == ""


@pytest.mark.parametrize(("needed", "of"), [(0, 3), (4, 3)])
def test_a_rule_that_can_never_be_is_refused(needed: int, of: int) -> None:
    with pytest.raises(ValueError, match="can never be"):
        Rule(needed, of)
