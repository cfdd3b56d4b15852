"""The door behind API Gateway, as a local route, and as the package that goes to Lambda."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from routers import HEADERS, Runtime, event_1, event_2, numbers

from {{ cookiecutter.package_name }} import cli, paths, registry
from {{ cookiecutter.package_name }}.errors import ProjectError
from {{ cookiecutter.package_name }}.router import commands, lambda_handler, package, route
from {{ cookiecutter.package_name }}.router.door import Door
from {{ cookiecutter.package_name }}.router.messages import MOST_BYTES

ENDPOINTS = {"xgboost": "trees", "linear": "lines"}
EVENTS = (event_1, event_2)
OWN_DOOR = lambda_handler.door


def echo(request: dict[str, Any]) -> bytes:
    """A number for each line; the first tells how many bytes came."""
    lines = len(request["Body"].splitlines())
    return json.dumps(numbers(len(request["Body"]), *[1] * (lines - 1))).encode()


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    return Runtime(trees=echo, lines=numbers(7))


@pytest.fixture(scope="module")
def door(runtime: Runtime) -> Iterator[Door]:
    """The door that the Lambda's handler has, too."""
    found = Door(ENDPOINTS, runtime)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lambda_handler, "door", lambda: found)
        yield found


@pytest.fixture(scope="module")
def client(door: Door) -> Iterator[TestClient]:
    app = route.application(door, "127.0.0.1")
    with TestClient(app, base_url="http://127.0.0.1") as found:
        yield found


@pytest.mark.parametrize(
    ("body", "headers", "method", "status"),
    [
        (b'{"make": "Opel"}', HEADERS, "POST", 200),
        ("München".encode(), HEADERS | {"Content-Type": "text/csv"}, "POST", 200),
        (b"1\n2", HEADERS, "POST", 502),
        (b"{}", HEADERS | {"accept": "text/csv"}, "POST", 406),
        (b"", HEADERS, "GET", 405),
    ],
)
def test_each_carrier_brings_the_same_answer(
    client: TestClient, body: bytes, headers: dict[str, str], method: str, status: int
) -> None:
    there = client.request(method, "/invocations", content=body, headers=headers)
    for make in EVENTS:
        for encoded in (False, True):
            answer = lambda_handler.handler(make(body, headers, method, encoded), None)
            assert (answer["statusCode"], answer["isBase64Encoded"]) == (status, False)
            assert answer["headers"]["Content-Type"] == "application/json"
            if status != 405:
                assert answer["body"] == there.text
    assert there.status_code == status
    assert there.headers["content-type"] == "application/json"
    assert ("error" in there.json()) == (status != 200)


def test_headers_come_in_any_case_alone_or_in_lists(door: Door, runtime: Runtime) -> None:
    event = event_1(b"1", {"CONTENT-type": "text/csv", "x-AMZN-sagemaker-inference-ID": "one"})
    for headers in ("both", "multiValueHeaders", "headers"):
        changed = {n: v for n, v in event.items() if headers == "both" or "eaders" not in n}
        changed |= {headers: event[headers]} if headers != "both" else {}
        assert lambda_handler.handler(changed)["statusCode"] == 200
        last = runtime.asked[-1]
        assert (last["ContentType"], last["InferenceId"]) == ("text/csv", "one")


@pytest.mark.parametrize(
    "changes",
    [
        {"body": "%%%", "isBase64Encoded": True},
        {"body": "\ud800"},
        {"body": {"make": "Opel"}},
        {"httpMethod": None},
        {"httpMethod": 5},
    ],
)
def test_a_broken_event_is_a_sentence(door: Door, changes: dict[str, Any]) -> None:
    answer = lambda_handler.handler(event_1(b"{}", HEADERS) | changes)
    assert answer["statusCode"] == 400 and json.loads(answer["body"])["error"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=4,
)
PLACES = st.sampled_from([*event_1(b"", {}), *event_2(b"", {})])


@given(st.sampled_from(EVENTS), st.dictionaries(PLACES, ANYTHING, max_size=4), ANYTHING)
def test_no_event_ends_in_a_traceback(
    door: Door, make: Any, changes: dict[str, Any], other: Any
) -> None:
    for event in (make(b"{}", HEADERS) | changes, other):
        answer = lambda_handler.handler(event)
        assert answer["statusCode"] in (200, 400, 405, 406, 415, 502)
        assert isinstance(json.loads(answer["body"]), dict)
        assert json.dumps(answer)  # as Lambda sends it


def test_an_answer_that_lambda_would_not_carry_is_refused(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = Door({"xgboost": "trees"}, Runtime(trees=echo))
    monkeypatch.setattr(lambda_handler, "door", lambda: alone)
    answer = lambda_handler.handler(event_2(b"1\n" * 10, HEADERS))
    monkeypatch.setattr(lambda_handler, "MOST_BYTES", len(json.dumps(answer)))
    assert lambda_handler.handler(event_2(b"1\n" * 10, HEADERS)) == answer
    answer = lambda_handler.handler(event_2(b"1\n" * 11, HEADERS))
    assert answer["statusCode"] == 413 and "send fewer records" in answer["body"]


def test_a_lambda_that_is_not_set_up_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(lambda_handler.ENDPOINTS, raising=False)
    monkeypatch.setattr(lambda_handler, "door", OWN_DOOR)
    OWN_DOOR.cache_clear()
    answer = lambda_handler.handler(event_2(b"{}", HEADERS))
    assert answer["statusCode"] == 500
    assert json.loads(answer["body"])["error"] == "the router is not set up; its log says why"


def test_the_route_is_for_this_machine(client: TestClient) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
        answer = client.post("/invocations", content=b"{}", headers=headers)
        assert answer.status_code == 403 and answer.json()["error"]
    assert client.get("/ping").status_code == 200
    assert "POST /invocations is" in client.get("/other").json()["error"]
    large = client.post("/invocations", content=b" " * (MOST_BYTES + 1), headers=HEADERS)
    assert large.status_code == 413


def test_a_request_that_never_gets_whole_is_not_waited_for(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "REQUEST_SECONDS", 0.05)
    app, sent = route.application(door, "127.0.0.1"), list[Any]()
    scope = {"type": "http", "method": "POST", "path": "/invocations", "query_string": b""}
    scope |= {"headers": [(b"host", b"127.0.0.1")]}

    async def never() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, never, send))
    assert sent[0]["status"] == 408 and b"not whole after 0.05 seconds" in sent[1]["body"]


def test_the_package_is_the_same_bytes_and_all_that_the_handler_imports(tmp_path: Path) -> None:
    words = ["router", "package", f"--output={tmp_path}", "--endpoints=xgboost=A-1,linear=b"]
    cli.main(words)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    cli.main(words)
    assert first == {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(first) == {"lambda.zip", "policy.json", "function.json"}
    function = json.loads(first["function.json"])
    module, _, name = function["Handler"].rpartition(".")
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'lambda.zip')!r}); "
        f"from {module} import {name}, door; import router.choice; door(); "
        "print(router.choice.__file__, {each.partition('.')[0] for each in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program],
        env=function["Environment"]["Variables"] | {"AWS_DEFAULT_REGION": "eu-west-1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "lambda.zip" in done.stdout
    assert not any(f"'{n}'" in done.stdout for n in ("fastapi", "sagemaker", "numpy", "aiohttp"))


@pytest.mark.parametrize(
    ("options", "resource"),
    [
        ([], "arn:${AWS::Partition}:sagemaker:${AWS::Region}:${AWS::AccountId}:endpoint/a-1"),
        (
            ["--account=123456789012", "--region=cn-north-1"],
            "arn:aws-cn:sagemaker:cn-north-1:123456789012:endpoint/a-1",
        ),
    ],
)
def test_the_policy_allows_two_endpoints_and_nothing_else(
    tmp_path: Path, options: list[str], resource: str
) -> None:
    cli.main(
        ["router", "package", f"--output={tmp_path}", "--endpoints=linear=b,xgboost=A-1", *options]
    )
    policy = json.loads((tmp_path / "policy.json").read_text(encoding="utf-8"))
    (statement,) = policy["Statement"]
    other = resource.removesuffix("a-1") + "b"
    assert statement["Action"] == "sagemaker:InvokeEndpoint"
    assert statement["Resource"] == [resource, other]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["package", "--account=12"], "router: --account is '12'; an AWS account is 12 digits"),
        (["package", "--endpoints=a"], "router: --endpoints 'a' is not like xgboost=cars-xgboost"),
        (["package", "--account=123456789012", "--region=x"], "router: --region is 'x'"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    tmp_path: Path, words: list[str], sentence: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["router", *words, f"--output={tmp_path}"])
    assert str(ended.value.code).startswith(sentence)
    assert not list(tmp_path.iterdir())


def test_the_endpoints_are_those_of_the_families_and_one_that_lacks_is_told() -> None:
    asked = commands.endpoints(None, "houses")
    assert list(asked) == registry.known_families()
    assert all(name.endswith(f"-houses-{model}") for model, name in asked.items())

    def session(*there: str) -> Any:
        def describe_endpoint(EndpointName: str) -> dict[str, Any]:
            if EndpointName not in there:
                told = {"Code": "ValidationException", "Message": "Could not find endpoint."}
                raise ClientError({"Error": told}, "DescribeEndpoint")
            state = dict.fromkeys(("EndpointConfigName", "LastModifiedTime"), "")
            return {"EndpointName": EndpointName, "EndpointStatus": "InService"} | state

        client = SimpleNamespace(describe_endpoint=describe_endpoint)
        return SimpleNamespace(sagemaker_client=client)

    assert commands.known(session("trees"), ENDPOINTS) == [
        "xgboost is endpoint trees, InService",
        "linear is endpoint lines, which is not there",
    ]
    with pytest.raises(ProjectError, match="there is no endpoint trees or lines; `make deploy"):
        commands.known(session(), ENDPOINTS)


def test_the_route_and_the_lambda_have_one_choice() -> None:
    choice = paths.PACKAGE / "router" / "choice.py"
    assert choice.read_bytes() in package.archive()
    assert Path(sys.modules[Door.__module__].__file__ or "").parent == choice.parent
