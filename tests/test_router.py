"""Both families behind one door, on this machine: the route and the Lambda, over live endpoints."""

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import Run, copied, environment
from engine.definitions import IMAGE
from engine.local import until
from engine.transforms import SERVED
from projects import LocalState, prepare, train
from sagemaker_local.storage import archive

pytestmark = pytest.mark.slow

FAMILIES = ("xgboost", "linear")
CALLED = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from router.lambda_handler import handler
print(json.dumps([handler(event, None) for event in json.load(sys.stdin)]))
"""


@dataclass(frozen=True)
class Doors:
    """A project whose two families are endpoints, and what it takes to ask them."""

    project: Path
    session: Any
    records: list[dict[str, Any]]
    url: str

    def route(self, body: bytes) -> tuple[int, str]:
        """Ask the local route; the status, and the text."""
        headers = {"Content-Type": "application/json", "X-Amzn-SageMaker-Inference-Id": "an-id"}
        request = urllib.request.Request(self.url, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def lambdas(self, *bodies: bytes, endpoints: str = "") -> list[tuple[int, str]]:
        """Ask the Lambda's package, in a process that has boto3 and nothing of ours."""
        folder = self.project / "build" / "router"
        function = json.loads((folder / "function.json").read_text(encoding="utf-8"))
        variables = function["Environment"]["Variables"]
        variables |= {"ROUTER_ENDPOINTS": endpoints} if endpoints else {}
        variables |= {
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": self.session.endpoint_url(),
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        events = [
            {
                "version": "2.0",
                "headers": {
                    "content-type": "application/json",
                    "x-amzn-sagemaker-inference-id": "an-id",
                },
                "requestContext": {"http": {"method": "POST"}},
                "body": body.decode(),
                "isBase64Encoded": False,
            }
            for body in bodies
        ]
        done = subprocess.run(
            [sys.executable, "-I", "-c", CALLED, str(folder / "lambda.zip")],
            input=json.dumps(events),
            env={**os.environ, "PYTHONPATH": "", "NO_PROXY": "*", **variables},
            capture_output=True,
            text=True,
            check=True,
        )
        return [(each["statusCode"], each["body"]) for each in json.loads(done.stdout)]

    def endpoint(self, family: str, body: bytes) -> list[dict[str, Any]]:
        """What a family's own endpoint predicts."""
        answer = self.session.sagemaker_runtime_client.invoke_endpoint(
            EndpointName=name_of(family),
            Body=body,
            ContentType="application/json",
            Accept="application/json",
        )
        return list(json.loads(answer["Body"].read())["predictions"])


def name_of(family: str) -> str:
    return f"used-car-prices-{family}"


@pytest.fixture(scope="module")
def doors(
    bake: Callable[..., Path], run: Run, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Doors]:
    folder = tmp_path_factory.mktemp("doors")
    project, data = copied(bake(), folder), folder / "data"
    prepare(run, project, data, rows=700)
    session = LocalState(project).session
    try:
        for family in FAMILIES:
            train(run, project, data, folder / family, f"--model_family={family}", "--num_round=40")
            host(session, family, folder / family)
        for family in FAMILIES:
            waiter = session.sagemaker_client.get_waiter("endpoint_in_service")
            waiter.wait(EndpointName=name_of(family))
        lines = (data / "records" / "test.jsonl").read_text(encoding="utf-8").splitlines()
        packed = run([sys.executable, "-m", "used_car_prices", "router", "package"], project)
        assert packed.returncode == 0, packed.stderr
        with serving(project, folder / "route.log") as url:
            yield Doors(project, session, [json.loads(line) for line in lines[:40]], url)
    finally:
        session.stop_endpoints()


def host(session: Any, family: str, model: Path) -> None:
    """Start an endpoint of a trained model."""
    name, client = name_of(family), session.sagemaker_client
    uri = session.bucket.uri(f"models/{family}/model.tar.gz")
    archive.pack(model, session.bucket.path(uri))
    client.create_model(
        ModelName=name,
        ExecutionRoleArn=session.role,
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": uri, "Environment": SERVED},
    )
    variant = {"VariantName": "one", "ModelName": name}
    sizes = {"InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    client.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[{**variant, **sizes}]
    )
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)


@contextmanager
def serving(project: Path, log: Path) -> Iterator[str]:
    """The local route as a person starts it; gives its address."""
    command = [sys.executable, "-m", "used_car_prices", "router", "serve", "--port=0"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=project, env=environment(project, {}), stdout=output, stderr=output
        )
    try:
        until(lambda: "router: POST" in log.read_text() or process.poll() is not None)
        found = re.search(r"POST (http://127\.0\.0\.1:\d+/invocations)", log.read_text())
        assert found, log.read_text()
        yield found[1]
    finally:
        process.terminate()
        assert process.wait(30) == 0
        assert "Traceback" not in log.read_text()


def body_of(records: list[dict[str, Any]]) -> bytes:
    return json.dumps({"instances": records}).encode()


def test_route_and_lambda_give_the_larger_of_what_the_endpoints_predict(doors: Doors) -> None:
    one, many = body_of(doors.records[:1]), body_of(doors.records)
    answers = [doors.route(one), doors.route(many)]
    assert answers == doors.lambdas(one, many)
    for body, (status, text) in zip((one, many), answers, strict=True):
        assert status == 200
        own = {family: doors.endpoint(family, body) for family in FAMILIES}
        rows = json.loads(text)["predictions"]
        for place, row in enumerate(rows):
            predicted = {family: own[family][place]["prediction"] for family in FAMILIES}
            assert {n: each["prediction"] for n, each in row["models"].items()} == predicted
            assert row["prediction"] == max(predicted.values()) == predicted[row["model"]]
            assert row["inference_id"] == f"an-id/{place}"
    assert {row["model"] for row in json.loads(answers[1][1])["predictions"]} == set(FAMILIES)


def test_the_readmes_example_is_answered(doors: Doors) -> None:
    readme = (doors.project / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"curl \S+/invocations .*? -d '(.*?)'", readme, re.DOTALL)
    status, text = doors.route(example.encode())
    assert (status, len(json.loads(text)["predictions"])) == (200, 1)


def test_a_model_alone_says_what_its_endpoint_says(doors: Doors) -> None:
    body = body_of(doors.records)
    for family in FAMILIES:
        ((status, text),) = doors.lambdas(body, endpoints=f"{family}={name_of(family)}")
        found = json.loads(text)["predictions"]
        assert status == 200
        assert [{"prediction": row["prediction"]} for row in found] == doors.endpoint(family, body)


def test_a_mistake_of_the_client_is_one_sentence_of_the_model(doors: Doors) -> None:
    bodies = body_of([{"make": "Opel"}]), b"{"
    answers = [doors.route(body) for body in bodies]
    assert answers == doors.lambdas(*bodies)
    assert [status for status, _ in answers] == [400, 400]
    assert "not valid application/json" in json.loads(answers[1][1])["error"]


def test_without_one_endpoint_the_other_answers_and_it_is_marked(doors: Doors) -> None:
    body, client = body_of(doors.records[:1]), doors.session.sagemaker_client
    client.delete_endpoint(EndpointName=name_of("xgboost"))
    client.get_waiter("endpoint_deleted").wait(EndpointName=name_of("xgboost"))
    status, text = doors.route(body)
    assert [(status, text)] == doors.lambdas(body)
    document = json.loads(text)
    assert (status, document["predictions"][0]["model"]) == (200, "linear")
    assert document["failed"] == {"xgboost": "its endpoint answers with ValidationError"}
    client.delete_endpoint(EndpointName=name_of("linear"))
    client.get_waiter("endpoint_deleted").wait(EndpointName=name_of("linear"))
    status, text = doors.route(body)
    assert (status, json.loads(text)["error"]) == (502, "no model answers")
