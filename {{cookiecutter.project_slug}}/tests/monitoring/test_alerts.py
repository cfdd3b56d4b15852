"""Alerts: to real servers on loopback, and nobody left out by another."""

import http.server
import json
import socketserver
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.package_name }} import paths
from {{ cookiecutter.package_name }}.errors import ProjectError
from {{ cookiecutter.package_name }}.monitoring import alert_settings, alerts
from {{ cookiecutter.package_name }}.monitoring.alert_settings import Settings
from {{ cookiecutter.package_name }}.monitoring.alerts import Message

MESSAGE = Message("cars: mileage_km drifted", "distance 0.31, since 10:00 — see reports/index.html")


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "PROJECT", tmp_path)
    monkeypatch.delenv("ALERTS")


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
        settings = Settings(
            webhook=f"http://127.0.0.1:{web}/hook",
            smtp=f"smtp://127.0.0.1:{mail}",
            sender="monitor@example.com",
            to="you@example.com",
        )
        assert alerts.send(MESSAGE, settings) == []
    assert posted[0]["subject"] == MESSAGE.subject
    assert MESSAGE.text in posted[0]["text"]
    assert f"Subject: {MESSAGE.subject}" in mailed
    (line,) = (tmp_path / "reports" / "alerts.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["text"] == MESSAGE.text


def test_one_who_cannot_be_reached_keeps_nobody_from_being_told(tmp_path: Path) -> None:
    posted: list[Any] = []
    with serving(hook(posted, status=500)) as web:
        settings = Settings(
            webhook=f"http://127.0.0.1:{web}/hook",
            smtp="smtp://127.0.0.1:1",
            sender="a@example.com",
            to="b@example.com",
        )
        missed = alerts.send(MESSAGE, settings)
    assert [each.partition(" was not told")[0] for each in missed] == [
        "the webhook",
        "the mail server",
    ]
    assert "500" in missed[0]
    assert (tmp_path / "reports" / "alerts.jsonl").is_file()


def test_a_topic_gets_a_subject_that_sns_takes() -> None:
    class Session:
        runs_here = False

        @property
        def boto_session(self) -> "Session":
            return self

        def client(self, service: str, region_name: str) -> "Session":
            assert (service, region_name) == ("sns", "eu-west-1")
            return self

        def publish(self, **request: str) -> None:
            self.got = request

    session, topic = Session(), "arn:aws:sns:eu-west-1:123456789012:t"
    long = Message("ü" + "x" * 200, "text")
    assert alerts.send(long, Settings(file="", topic=topic), session) == []
    assert len(session.got["Subject"]) < 100
    assert session.got["Subject"].isascii()


def test_without_apprise_a_sentence_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    (missed,) = alerts.send(MESSAGE, Settings(apprise="json://127.0.0.1"))
    assert missed == (
        "Apprise was not told: it is not installed; `uv sync --inexact --extra apprise` installs it"
    )


def test_a_password_goes_over_tls_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_SMTP_PASSWORD", "secret")
    mailed: list[str] = []
    with serving(mail_server(mailed)) as mail:
        smtp = f"smtp://me@127.0.0.1:{mail}"
        settings = Settings(smtp=smtp, sender="a@example.com", to="b@example.com")
        (missed,) = alerts.send(MESSAGE, settings)
    assert "no TLS" in missed and not mailed


def test_settings_that_are_wrong_fail_no_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(paths, "PARAMS", tmp_path)
    (tmp_path / "alerts.yaml").write_text("webhok: https://x", encoding="utf-8")
    assert alerts.tell(None, MESSAGE) == []
    assert "webhok" in caplog.text
    assert (tmp_path / "reports" / "alerts.jsonl").is_file()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("webhok: https://x", "webhok"),
        ("webhook: ftp://x", "ftp"),
        ("webhook: https://u:secret@x", "holds a password"),
        ("webhook: $NOWHERE_SET", "NOWHERE_SET, which is not set"),
        ("apprise: json://x mailto://u:secret@y", "holds a password"),
        ("smtp: smtp://h", "sender"),
        ("{smtp: 'smtp://u:secret@h', sender: a, to: b}", "ALERT_SMTP_PASSWORD"),
        ("topic: mine", "ARN"),
        ("success: sometimes", "true or false"),
        ("windows_of: 1", "2 of 1 windows can never be"),
        ("just words", "just words"),
        ("{", "no YAML"),
    ],
)
def test_settings_that_say_nothing_are_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "alerts.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError, match=said) as found:
        alert_settings.read(tmp_path / "alerts.yaml")
    assert "secret" not in str(found.value)


def test_without_settings_a_file_is_written(tmp_path: Path) -> None:
    assert alert_settings.read(tmp_path / "none.yaml") == Settings()


def test_the_settings_of_the_project_are_those_by_default() -> None:
    assert alert_settings.read(paths.PARAMS / "alerts.yaml") == Settings()


def test_a_secret_address_is_the_environments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT", "https://chat.example.com/secret")
    (tmp_path / "alerts.yaml").write_text("webhook: $CHAT", encoding="utf-8")
    assert alert_settings.read(tmp_path / "alerts.yaml").webhook.endswith("/secret")
