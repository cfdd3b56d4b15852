"""Endpoints are created, asked, updated, weighed and deleted; each state is the service's."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from engine.definitions import Json
from engine.hosting import Hosted, post, scale, variant
from engine.local import ARNS
from engine.transforms import artifacts, container

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def two(hosted: Hosted) -> Iterator[Hosted]:
    """An endpoint with two models, of which ten gets three of four requests."""
    hosted.model("ten", scale(10))
    hosted.model("hundred", scale(100))
    variants = [
        variant("ten", InitialVariantWeight=3.0),
        variant("hundred", InitialVariantWeight=1.0),
    ]
    hosted.create("Two", *variants)
    yield hosted
    hosted.local.engine.supervision.stop()


def error_of(caught: pytest.ExceptionInfo[ClientError]) -> tuple[int, str, str]:
    response: Any = caught.value.response
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    return status, response["Error"]["Code"], response["Error"]["Message"]


def test_an_endpoint_is_described_as_the_service_does(two: Hosted) -> None:
    found = two.described("Two")
    assert found["EndpointStatus"] == "InService"
    assert found["EndpointConfigName"] == "Two"
    assert found["EndpointArn"] == ARNS.endpoint("two")
    weights = {item["VariantName"]: item["CurrentWeight"] for item in found["ProductionVariants"]}
    assert weights == {"ten": 3.0, "hundred": 1.0}
    assert "PendingDeploymentSummary" not in found
    (listed,) = two.client.list_endpoints(NameContains="Tw")["Endpoints"]
    assert listed["EndpointStatus"] == "InService"
    assert two.client.list_endpoints(StatusEquals="Failed")["Endpoints"] == []


def test_requests_are_shared_by_weight_and_a_target_overrides(two: Hosted) -> None:
    seen = Counter(two.invoke("Two") for _ in range(200))
    assert set(seen) == {("30", "ten"), ("300", "hundred")}
    assert 110 < seen["30", "ten"] < 190  # 150 are expected, within six standard deviations
    assert {two.invoke("Two", TargetVariant="hundred") for _ in range(5)} == {("300", "hundred")}


def test_names_are_one_in_any_case_and_asked_as_they_are_written(two: Hosted) -> None:
    with pytest.raises(ClientError, match="already existing endpoint") as caught:
        two.client.create_endpoint(EndpointName="tWO", EndpointConfigName="Two")
    assert error_of(caught)[1] == "ValidationException"
    with pytest.raises(ClientError) as caught:
        two.invoke("two")
    told = "Endpoint two of account 000000000000 not found."
    assert error_of(caught) == (400, "ValidationError", told)


def test_errors_of_a_container_are_model_errors_with_their_own_status(two: Hosted) -> None:
    with pytest.raises(two.runtime.exceptions.ModelError) as caught:
        two.invoke("Two", "1,x", TargetVariant="ten")
    status, code, message = error_of(caught)
    assert (status, code) == (424, "ModelError")
    assert message.startswith("Received server error (500) from primary with message")
    response: Any = caught.value.response
    assert response["OriginalStatusCode"] == 500
    assert "could not convert string to float" in response["OriginalMessage"]
    assert response["LogStreamArn"].endswith("/aws/sagemaker/Endpoints/Two:log-stream:ten")
    assert "Traceback" not in response["OriginalMessage"]
    (log,) = two.local.root.glob("endpoints/two/*/ten/job.log")
    assert str(log) in message
    assert "Traceback" in log.read_text()


@pytest.mark.parametrize(
    ("request_", "status", "code", "told"),
    [
        ({"TargetVariant": "none"}, 400, "ValidationError", "Variant none of endpoint Two"),
        ({"TargetModel": "m"}, 400, "ValidationError", "TargetModel is for endpoints of many"),
        ({"CustomAttributes": "a" * 1025}, 400, "ValidationError", "at most 1024"),
        ({"InferenceId": "a" * 65}, 400, "ValidationError", "at most 64"),
        ({"Body": b"1" * 6_291_457}, 413, "413", "HTTP content length exceeded 6291456 bytes."),
    ],
)
def test_what_breaks_a_limit_is_refused(
    two: Hosted, request_: Json, status: int, code: str, told: str
) -> None:
    with pytest.raises(ClientError) as caught:
        two.runtime.invoke_endpoint(EndpointName="Two", **{"Body": b"1", **request_})
    assert error_of(caught)[:2] == (status, code)
    assert told in error_of(caught)[2]


def test_what_the_runtime_does_not_run_is_told(two: Hosted) -> None:
    with pytest.raises(ClientError, match="use InvokeEndpoint, whose answer comes at once"):
        two.runtime.invoke_endpoint_async(EndpointName="Two", InputLocation="s3://b/k")
    with pytest.raises(ClientError, match="whose answer comes whole"):
        two.runtime.invoke_endpoint_with_response_stream(EndpointName="Two", Body=b"1")
    connection = two.connection()
    for method, path, status in (("GET", "/ping", 200), ("GET", "/endpoints/Two", 404)):
        connection.request(method, path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
    assert post(connection, "Two", "1", Origin="http://evil.example")[0] == 403
    assert post(connection, "Two", "1", Host="evil.example")[0] == 403
    connection.close()


def test_weights_change_at_once(two: Hosted) -> None:
    def weigh(**weights: float) -> Json:
        wanted = [{"VariantName": n, "DesiredWeight": w} for n, w in weights.items()]
        two.client.update_endpoint_weights_and_capacities(
            EndpointName="Two", DesiredWeightsAndCapacities=wanted
        )
        return two.settled("Two")

    before = {process.pid for process in two.processes()}
    found = weigh(ten=0.0)
    assert found["ProductionVariants"][0]["CurrentWeight"] == 0.0
    assert {two.invoke("Two")[1] for _ in range(20)} == {"hundred"}
    with pytest.raises(ClientError, match="'none' is none of the endpoint's, which are ten, hun"):
        weigh(none=1.0)
    weigh(ten=3.0)
    assert {process.pid for process in two.processes()} == before


def test_a_configuration_and_a_model_may_go_while_they_serve(two: Hosted) -> None:
    two.client.delete_endpoint_config(EndpointConfigName="Two")
    two.client.delete_model(ModelName="ten")
    assert two.invoke("Two", TargetVariant="ten") == ("30", "ten")
    assert two.described("Two")["EndpointConfigName"] == "Two"


def test_a_model_that_does_not_load_fails_the_endpoint_which_can_only_be_deleted(
    own: Hosted,
) -> None:
    own.model("broken", "def model_fn(folder):\n    raise OSError('no such weights')\n")
    own.configure("broken", variant("broken"))
    own.client.create_endpoint(EndpointName="e", EndpointConfigName="broken")
    with pytest.raises(WaiterError, match="endpoint_in_service"):
        own.client.get_waiter("endpoint_in_service").wait(EndpointName="e")
    found = own.described("e")
    assert found["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in found["FailureReason"]
    assert "inference.py" in found["FailureReason"]
    with pytest.raises(ClientError, match="Cannot update failed endpoint"):
        own.client.update_endpoint(EndpointName="e", EndpointConfigName="broken")
    own.delete("e")


def test_an_error_that_has_a_status_is_answered_with_it_and_its_sentence(own: Hosted) -> None:
    script = scale(1).replace(
        "def predict_fn",
        """
class Refused(ValueError):
    status = 415

def input_fn(body, content_type):
    raise Refused(f"{content_type} is not read; send text/csv")

def predict_fn""",
    )
    own.model("strict", script)
    own.create("e", variant("strict"))
    with pytest.raises(own.runtime.exceptions.ModelError) as caught:
        own.invoke("e", ContentType="text/plain")
    response: Any = caught.value.response
    assert response["OriginalStatusCode"] == 415
    told = {"error": "text/plain is not read; send text/csv"}
    assert json.loads(response["OriginalMessage"]) == told
    assert "Received client error (415) from primary" in response["Error"]["Message"]


def test_a_busy_endpoint_is_not_changed(own: Hosted) -> None:
    own.model("slow", scale(1, load_seconds=1.0))
    own.configure("slow", variant("slow"))
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        own.client.create_endpoint(EndpointName="e", EndpointConfigName="none")
    own.client.create_endpoint(EndpointName="e", EndpointConfigName="slow")
    assert own.described("e")["PendingDeploymentSummary"]["EndpointConfigName"] == "slow"
    for method, request in (
        (own.client.delete_endpoint, {}),
        (own.client.update_endpoint, {"EndpointConfigName": "slow"}),
    ):
        with pytest.raises(ClientError, match="Cannot update in-progress endpoint") as caught:
            method(EndpointName="e", **request)
        assert error_of(caught)[1] == "ValidationException"
    own.settled("e")
    assert own.invoke("e") == ("3", "slow")
    alarms = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}]}}
    with pytest.raises(ClientError, match="there are no CloudWatch alarms locally"):
        own.client.update_endpoint(
            EndpointName="e", EndpointConfigName="slow", DeploymentConfig=alarms
        )


def test_a_model_with_a_server_of_its_own_is_served_by_it(own: Hosted) -> None:
    """As the project's ``serve.py`` will be: started on the port that a variable says."""
    server = """
import http.server, os

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send(b"")
    def do_POST(self):
        self.send(self.rfile.read(int(self.headers["Content-Length"])).upper())
    def send(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("X-Amzn-SageMaker-Custom-Attributes", "mine")
        self.end_headers()
        self.wfile.write(body)

port = int(os.environ["SAGEMAKER_BIND_TO_PORT"])
http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""
    data = artifacts(own.local, "", serve=server)
    own.client.create_model(
        ModelName="own",
        ExecutionRoleArn="arn:aws:iam::000000000000:role/r",
        PrimaryContainer={**container(own.local), "ModelDataUrl": data},
    )
    own.create("e", variant("own"))
    answer = own.runtime.invoke_endpoint(EndpointName="e", Body=b"abc")
    assert (answer["Body"].read(), answer["CustomAttributes"]) == (b"ABC", "mine")
