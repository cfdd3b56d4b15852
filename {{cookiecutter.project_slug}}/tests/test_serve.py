"""The server's answers: SageMaker's contract, and a sentence for every mistake of a caller."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import FAMILIES, PROBLEM_TYPES, Trained
from hypothesis import given, settings
from hypothesis import strategies as st
from serving import JSON, Client

import inference
import serve

CSV, LINES = "text/csv", "application/jsonlines"


@pytest.fixture(scope="module")
def client(trained: Trained) -> Iterator[Client]:
    """A client of a server with the trained model."""
    asked = Client(trained.model)
    yield asked
    asked.close()


@pytest.fixture(scope="module")
def rows(trained: Trained) -> list[dict[str, Any]]:
    """Raw records."""
    lines = (trained.data / "records" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[:40]]


def as_body(rows: list[dict[str, Any]], kind: str, columns: list[str]) -> bytes:
    """Records as a body of one of the types."""
    if kind == JSON:
        return json.dumps({"instances": rows}).encode()
    if kind == LINES:
        return "\n".join(map(json.dumps, rows)).encode()
    text = io.StringIO()
    csv.writer(text).writerows([row[name] for name in columns] for row in rows)
    return text.getvalue().encode()


def predictions(body: bytes, kind: str) -> list[str]:
    """What was predicted, as text."""
    if kind == CSV:
        return [row[0] for row in csv.reader(io.StringIO(body.decode()))]
    if kind == LINES:
        return [str(json.loads(line)["prediction"]) for line in body.splitlines()]
    return [str(row["prediction"]) for row in json.loads(body)["predictions"]]


@pytest.mark.parametrize("accept", [JSON, LINES, CSV])
@pytest.mark.parametrize("kind", [JSON, LINES, CSV])
def test_each_type_is_read_and_written(
    client: Client, trained: Trained, rows: list[dict[str, Any]], kind: str, accept: str
) -> None:
    model = inference.model_fn(str(trained.model))
    expected = [str(row["prediction"]) for row in inference.predict_fn(rows, model)]
    reply = client.ask(as_body(rows, kind, model.columns), kind, accept)
    assert reply is not None and reply.status == 200
    assert reply.headers["content-type"] == accept
    assert predictions(reply.body, accept) == expected


def test_the_container_contract(client: Client) -> None:
    ping = client.ask(path="/ping", method="GET")
    assert ping is not None and (ping.status, ping.body) == (200, b"")
    batch = client.ask(path="/execution-parameters", method="GET")
    assert batch is not None
    assert batch.json == {
        "MaxConcurrentTransforms": 1,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": 6,
    }


def test_docs_say_what_is_asked_and_their_example_is_answered(
    client: Client, trained: Trained
) -> None:
    page = client.ask(path="/docs", method="GET")
    schema = client.ask(path="/openapi.json", method="GET")
    assert page is not None and schema is not None and page.status == schema.status == 200
    text = page.body.decode()
    assert "http://" not in text and "https://" not in text, "it opens without a network"
    body = schema.json["paths"]["/invocations"]["post"]["requestBody"]["content"][JSON]
    record = body["schema"]["oneOf"][2]
    columns = inference.model_fn(str(trained.model)).columns
    assert list(record["properties"]) == record["required"] == columns
    assert all(name in text for name in columns)
    reply = client.ask(json.dumps(body["example"]).encode())
    assert reply is not None and reply.status == 200


def test_a_model_that_is_not_loaded_is_not_healthy(tmp_path: Path) -> None:
    client = Client(tmp_path, loads=False)
    ping, asked = client.ask(path="/ping", method="GET"), client.ask(b"{}")
    assert ping is not None and asked is not None
    assert ping.status == asked.status == 503
    client.close()


def test_a_model_that_cannot_be_loaded_ends_the_server(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"serve: .* holds no signature\.json"):
        serve.main([f"--model-dir={tmp_path}", "--port=0"])


@pytest.mark.parametrize(
    ("body", "kind", "accept", "status", "sentence"),
    [
        (b"{", JSON, "", 400, "not valid application/json"),
        (b'{"a": 1}\n{', LINES, "", 400, "not valid application/jsonlines: line 2"),
        (b"1,2", CSV, "", 400, "record 1 has 2 values, not the 13 of: "),
        (b"[]", JSON, "", 400, "no record"),
        (b"", JSON, "", 400, "not valid application/json"),
        (b"5", JSON, "", 400, "record 1 has 5"),
        (b"[" * 100_000, JSON, "", 400, ""),
        (b"\xff", CSV, "", 400, "utf-8"),
        (b"{}", "text/plain", "", 415, "'text/plain'"),
        (b"{}", JSON, "text/html", 406, "'text/html'"),
    ],
)
def test_a_mistake_is_a_sentence(
    client: Client,
    rows: list[dict[str, Any]],
    body: bytes,
    kind: str,
    accept: str,
    status: int,
    sentence: str,
) -> None:
    reply = client.ask(json.dumps(rows[0]).encode() if status == 406 else body, kind, accept)
    assert reply is not None and reply.status == status
    assert sentence in reply.json["error"]


def test_a_field_at_fault_is_named(client: Client, rows: list[dict[str, Any]]) -> None:
    for change, sentence in (
        ({"mileage_km": "far"}, "record 2: field 'mileage_km' holds 'far'"),
        ({"power_kw": [1]}, "record 2: field 'power_kw'"),
        ({"first_registered": "soon"}, "record 2: field 'first_registered'"),
    ):
        reply = client.ask(json.dumps([rows[0], {**rows[1], **change}]).encode())
        assert reply is not None and reply.status == 400
        assert sentence in reply.json["error"]
    short = {name: value for name, value in rows[1].items() if name != "make"}
    reply = client.ask(json.dumps([rows[0], short]).encode())
    assert reply is not None and reply.status == 400
    assert "record 2: field 'make' is not in the record" in reply.json["error"]


def test_a_body_is_counted_while_it_comes(
    client: Client, rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = json.dumps(rows[0]).encode()
    monkeypatch.setattr(client.app, "most_bytes", len(whole))
    for parts, status in (
        ([whole], 200),
        ([whole[:50], whole[50:]], 200),
        ([whole, b" "], 413),
        ([whole] * 3, 413),
    ):
        reply = client.ask(parts)
        assert reply is not None and reply.status == status
    monkeypatch.setattr(client.app, "most_bytes", 0)
    reply = client.ask([whole, b" " * (1 << 20)])
    assert reply is not None and reply.status == 200, "of a batch job with any payload"


def test_a_client_that_leaves_is_no_error(
    client: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    assert client.ask([b"{"], leaves=True) is None
    assert capfd.readouterr() == ("", "")


def test_a_batch_job_says_how_much_comes(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAGEMAKER_MAX_PAYLOAD_IN_MB", "20")
    monkeypatch.setenv("SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", "3")
    app = serve.application(trained.model)
    assert app.most_bytes == 20 << 20
    assert app.concurrent == 3
    monkeypatch.setenv("SAGEMAKER_MAX_PAYLOAD_IN_MB", "much")
    with pytest.raises(SystemExit, match="SAGEMAKER_MAX_PAYLOAD_IN_MB is 'much'"):
        serve.main([f"--model-dir={trained.model}"])


# Hostile bodies

HOSTILE = 10_000  # to all models together
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from([1e300, -1e300, 10**400, "1e999", "NaN", "inf", "-0", "\ud800", "\x00", "٣"]),
    st.sampled_from(["2024-02-30", "0000-01-01", "9999-12-31", "2024-01-01T25", "٢٠٢٤-٠١-٠١"]),
    st.recursive(
        st.none() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=6,
    ),
)


@pytest.fixture(scope="module")
def asked(client: Client) -> list[int]:
    """The status of each hostile body's answer."""
    return []


@settings(max_examples=25)
@given(data=st.data())
def test_no_hostile_body_makes_an_error_of_ours(
    client: Client, rows: list[dict[str, Any]], asked: list[int], data: st.DataObject
) -> None:
    changes = data.draw(st.dictionaries(st.sampled_from([*rows[0], "x"]), VALUES, max_size=4))
    record = {**rows[0], **changes}
    for name in data.draw(st.lists(st.sampled_from([*rows[0]]), max_size=1)):
        record.pop(name)
    table = io.StringIO()
    csv.writer(table).writerow(record.values())
    wholes = [
        json.dumps(record),
        json.dumps({"instances": data.draw(st.sampled_from([[record] * 2, [[record]], 7]))}),
        json.dumps(list(record.values())),
        json.dumps(data.draw(VALUES)),
        table.getvalue(),
    ]
    for whole in wholes:
        body = whole.encode("utf-8", "surrogatepass")
        cut = data.draw(st.integers(0, len(body)))
        flip = data.draw(st.binary(max_size=4))
        for hostile in (body, body[:cut], body[:cut] + flip + body[cut:], body + b"\n" + body):
            for kind in (JSON, CSV, LINES, data.draw(st.sampled_from(["", "a/b;c", JSON + ";x"]))):
                reply = client.ask(hostile, kind, data.draw(st.sampled_from(["", CSV, LINES])))
                assert reply is not None
                asked.append(reply.status)
                assert reply.status in (200, 400, 406, 415), (hostile, reply)
                assert b"Traceback" not in reply.body
                if reply.status != 200:
                    assert set(reply.json) == {"error"}
                elif reply.headers["content-type"] == JSON:
                    json.loads(reply.body, parse_constant=pytest.fail)


def test_so_many_hostile_bodies_were_sent(asked: list[int]) -> None:
    assert len(asked) >= HOSTILE / len(PROBLEM_TYPES) / len(FAMILIES)
    assert {200, 400, 415} <= set(asked)
