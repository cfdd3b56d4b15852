"""Alerts to real servers on loopback: a webhook, mail over TLS, Apprise, and SNS as moto has it."""

import http.server
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from moto_server import Moto, moto_server
from projects import Run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Requiring AUTH"),  # of a server that is all TLS
]

BUCKET = "sagemaker-eu-west-1-123456789012"
USER, SECRET = "monitor", "not in any file"
TOLD = "test: Alerts of this project come here"


def certificate(folder: Path) -> Path:
    """A certificate of 127.0.0.1, signed by itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    day = timedelta(days=1)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - day)
        .not_valid_after(datetime.now(UTC) + day)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form, nothing = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file = folder / "certificate.pem"
    file.write_bytes(signed.public_bytes(pem) + key.private_bytes(pem, form, nothing))
    return file


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"))


class Mails:
    """What a mail server has taken."""

    def __init__(self) -> None:
        self.got: list[str] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.got.append(envelope.content.decode())
        return "250 taken"


def knows(_server: Any, _session: Any, _envelope: Any, _how: str, given: Any) -> AuthResult:
    assert isinstance(given, LoginPassword)
    known = (given.login, given.password) == (USER.encode(), SECRET.encode())
    return AuthResult(success=known, handled=known)


class StartTls(Controller):
    """A server that takes nothing before it was asked for TLS, and nobody without a password."""

    def __init__(self, mails: Mails, context: ssl.SSLContext) -> None:
        super().__init__(mails, hostname="127.0.0.1", port=0)
        self.context = context

    def factory(self) -> SMTP:
        return SMTP(
            self.handler,
            tls_context=self.context,
            require_starttls=True,
            auth_required=True,
            authenticator=knows,
        )

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


class Smtps(StartTls):
    """A server that speaks TLS from the first byte."""

    def __init__(self, mails: Mails, context: ssl.SSLContext) -> None:
        super().__init__(mails, context)
        self.ssl_context = context

    def factory(self) -> SMTP:
        # What is encrypted already has no STARTTLS, which this library takes for no TLS.
        return SMTP(self.handler, auth_required=True, authenticator=knows, auth_require_tls=False)


@contextmanager
def mail_server(kind: type[StartTls], trusted: Path) -> Iterator[tuple[int, Mails]]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(trusted)
    mails = Mails()
    server = kind(mails, context)
    server.start()
    try:
        yield server.port, mails
    finally:
        server.stop()


@contextmanager
def hook() -> Iterator[tuple[int, list[Any]]]:
    got: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1], got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def aws() -> Iterator[Moto]:
    with moto_server() as server:
        yield server


def settings(project: Path, **values: str) -> None:
    text = "".join(f"{name}: {json.dumps(value)}\n" for name, value in values.items())
    (project / "params" / "alerts.yaml").write_text(text, encoding="utf-8")


def test_everybody_is_told_in_a_managed_session(
    project: Path, run: Run, aws: Moto, trusted: Path
) -> None:
    topic = aws.client("sns").create_topic(Name="alerts")["TopicArn"]
    queue = aws.client("sqs").create_queue(QueueName="alerts")["QueueUrl"]
    of_queue = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    arn = of_queue["Attributes"]["QueueArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    with hook() as (web, posted), mail_server(Smtps, trusted) as (mail, mails):
        settings(
            project,
            webhook="$CHAT",
            smtp=f"smtps://{USER}@127.0.0.1:{mail}",
            sender="monitor@example.com",
            to="a@example.com, b@example.com",
            apprise=f"json://127.0.0.1:{web}/apprise",
            topic=topic,
        )
        secrets = {"ALERT_SMTP_PASSWORD": SECRET, "CHAT": f"http://127.0.0.1:{web}/chat"}
        words = ["alerts", "test", "--session", "managed", "--bucket", BUCKET]
        env = {**aws.variables, **secrets, "SSL_CERT_FILE": str(trusted)}
        done = run(["python", "-m", "used_car_prices", *words], project, env)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("the webhook, the mail server, Apprise, the SNS topic")
    assert len(posted) == 2 and TOLD in posted[0]["text"].replace("\n", ": ")
    assert posted[1]["message"].startswith("Alerts of this project")
    assert len(mails.got) == 1 and "To: a@example.com, b@example.com" in mails.got[0]
    taken = aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    (published,) = [json.loads(each["Body"]) for each in taken]
    assert published["Subject"].endswith(": a test")
    assert published["Message"].startswith("Alerts of this project")
    written = (project / "reports" / "alerts.jsonl").read_text(encoding="utf-8")
    assert len(written.splitlines()) == 1


@pytest.mark.parametrize(
    ("password", "knows_it", "said"),
    [
        (SECRET, True, ""),
        ("wrong", True, "the mail server was not told: SMTPAuthenticationError"),
        (SECRET, False, "the mail server was not told: SSLCertVerificationError"),
        ("", True, "the mail server was not told: its password is not there; set ALERT_SMTP"),
    ],
)
def test_a_mail_server_is_asked_for_tls_before_it_gets_a_password(
    bake: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    trusted: Path,
    password: str,
    knows_it: bool,
    said: str,
) -> None:
    monkeypatch.syspath_prepend(str(bake() / "src"))
    from used_car_prices.monitoring import alerts
    from used_car_prices.monitoring.alert_settings import Settings

    monkeypatch.delenv("ALERT_SMTP_PASSWORD", raising=False)
    if password:
        monkeypatch.setenv("ALERT_SMTP_PASSWORD", password)
    if knows_it:
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with mail_server(StartTls, trusted) as (port, mails):
        asked = Settings(
            file="",
            smtp=f"smtp://{USER}@127.0.0.1:{port}",
            sender="monitor@example.com",
            to="you@example.com",
        )
        missed = alerts.send(alerts.Message("cars: drifted", "by 0.3"), asked)
    assert bool(missed) == bool(said) and (not said or missed[0].startswith(said)), missed
    assert ["Subject: cars: drifted" in each for each in mails.got] == ([] if said else [True])
