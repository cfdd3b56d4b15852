"""Several models behind one door: which answer is taken, and what is said when some give none."""

import json
import threading
from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError
from botocore.stub import Stubber
from conftest import Trained
from routers import HEADERS, Runtime, classes, model_error, numbers, refused

import inference

from {{ cookiecutter.package_name }}.router.choice import Answer, choose
from {{ cookiecutter.package_name }}.router.door import Door, pairs
from {{ cookiecutter.package_name }}.router.messages import JSON, MOST_BYTES, Request

ENDPOINTS = {"xgboost": "trees", "linear": "lines"}
LOWER = {name.lower(): value for name, value in HEADERS.items()}
SURE, UNSURE = {"cheap": 0.1, "dear": 0.9}, {"cheap": 0.6, "dear": 0.4}


def asked(
    runtime: Any,
    body: bytes = b"{}",
    headers: Mapping[str, str] = LOWER,
    endpoints: Mapping[str, str] = ENDPOINTS,
    method: str = "POST",
    **options: Any,
) -> tuple[int, dict[str, Any]]:
    """Status and document of the door's answer, which holds nothing that is nobody's business."""
    reply = Door(endpoints, runtime, **options).answer(Request(method, headers, body))
    assert not any(word in reply.body for word in ("Traceback", "arn:", "secret", "123456789012"))
    return reply.status, json.loads(reply.body)


def test_the_larger_number_of_each_record_is_taken() -> None:
    runtime = Runtime(trees=numbers(3.5, 1, 2.0), lines=numbers(3.25, 4.75, 2.0))
    status, document = asked(runtime)
    assert status == 200
    assert document == {
        "inference_id": "an-id",
        "predictions": [
            {
                "prediction": taken,
                "model": model,
                "inference_id": f"an-id/{place}",
                "models": {"xgboost": {"prediction": one}, "linear": {"prediction": other}},
            }
            for place, (taken, model, one, other) in enumerate(
                [(3.5, "xgboost", 3.5, 3.25), (4.75, "linear", 1, 4.75), (2.0, "xgboost", 2.0, 2.0)]
            )
        ],
    }


def test_the_class_of_the_surer_model_is_taken() -> None:
    runtime = Runtime(trees=classes(SURE, UNSURE), lines=classes(UNSURE, SURE))
    _, document = asked(runtime)
    first, second = document["predictions"]
    assert (first["prediction"], first["model"]) == ("dear", "xgboost")
    assert (second["prediction"], second["model"]) == ("dear", "linear")
    assert first["probabilities"] == SURE
    assert first["models"]["linear"] == {"prediction": "cheap", "probabilities": UNSURE}


def test_confidence_is_that_of_the_class_that_is_predicted() -> None:
    """A model with a threshold of its own may predict a class that is not the most probable."""
    low = Answer("xgboost", "dear", {"cheap": 0.7, "dear": 0.3})
    assert choose([low, Answer("linear", "cheap", UNSURE)]).model == "linear"


def test_a_project_may_choose_in_another_way() -> None:
    def mean(answers: Any) -> Answer:
        return Answer("mean", sum(each.prediction for each in answers) / len(answers))

    _, document = asked(Runtime(trees=numbers(1), lines=numbers(2)), choosing=mean)
    (row,) = document["predictions"]
    assert (row["prediction"], row["model"]) == (1.5, "mean")


@pytest.mark.parametrize("mistake", [lambda _: Answer("nan", float("nan")), lambda _: 1 / 0])
def test_a_mistake_in_choosing_is_told_by_the_log_alone(
    mistake: Any, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = Runtime(trees=numbers(1), lines=numbers(2))
    status, document = asked(runtime, choosing=mistake)
    assert (status, document) == (500, {"error": "the router failed; its log says why"})
    assert "Traceback" in caplog.text


def test_models_are_asked_at_once_and_get_the_same_request() -> None:
    both = threading.Barrier(2, timeout=60)

    def answer(_: Any) -> bytes:
        both.wait()  # for ever, if the other one were asked later
        return json.dumps(numbers(1)).encode()

    runtime = Runtime(trees=answer, lines=answer)
    headers = LOWER | {"content-type": "text/csv"}
    assert asked(runtime, b"1,2", headers)[0] == 200
    for request in runtime.asked:
        assert request.pop("EndpointName") in ENDPOINTS.values()
        assert request == {
            "Body": b"1,2",
            "ContentType": "text/csv",
            "Accept": JSON,
            "InferenceId": "an-id",
        }


def test_an_id_is_made_where_none_is_given() -> None:
    runtime = Runtime(trees=numbers(1), lines=numbers(2))
    _, document = asked(runtime, headers={})
    given = document["inference_id"]
    assert {each["InferenceId"] for each in runtime.asked} == {given} and len(given) == 36
    assert document["predictions"][0]["inference_id"] == f"{given}/0"


FAILURES = [
    (model_error(500, '{"error": "secret"}'), "its server failed with status 500", 502),
    (model_error(503, "not loaded"), "its server failed with status 503", 503),
    (model_error(0, "timed out"), "its server failed with status 0", 503),
    (refused("AccessDeniedException"), "its endpoint answers with AccessDeniedException", 502),
    (refused("ValidationError"), "its endpoint answers with ValidationError", 502),
    (refused("ServiceUnavailable"), "its endpoint answers with ServiceUnavailable", 503),
    (
        EndpointConnectionError(endpoint_url="http://secret"),
        "its endpoint cannot be reached, or is too slow",
        503,
    ),
    (ZeroDivisionError("secret"), "it could not be asked; the router's log says why", 502),
    ({"error": 1}, "its answer is not one of predictions", 502),
    ({"predictions": []}, "its answer is not one of predictions", 502),
    ({"predictions": [{"prediction": True}]}, "its answer is not one of predictions", 502),
    ({"predictions": [{"prediction": float("nan")}]}, "its answer is not one of predictions", 502),
    ({"predictions": [{"prediction": 10**400}]}, "its answer is not one of predictions", 502),
    ({"predictions": [{"prediction": "dear"}]}, "its answer is not one of predictions", 502),
    (lambda _: b"\xff{", "its answer is not one of predictions", 502),
    (lambda _: b"[" * 100_000, "its answer is not one of predictions", 502),
]


@pytest.mark.parametrize(("failure", "sentence", "status"), FAILURES)
def test_one_model_that_fails_leaves_the_answers_of_the_other(
    failure: Any, sentence: str, status: int
) -> None:
    answered, document = asked(Runtime(trees=failure, lines=numbers(1, 2)))
    assert answered == 200
    assert [(row["prediction"], row["model"]) for row in document["predictions"]] == [
        (1, "linear"),
        (2, "linear"),
    ]
    assert document["predictions"][0]["models"] == {"linear": {"prediction": 1}}
    assert document["failed"] == {"xgboost": sentence}
    answered, document = asked(Runtime(trees=failure, lines=refused("AccessDeniedException")))
    assert answered == status
    assert document["error"] == "no model answers"
    assert document["failed"]["xgboost"] == sentence and set(document["failed"]) == set(ENDPOINTS)


def test_a_model_that_takes_too_long_is_not_waited_for() -> None:
    over = threading.Event()

    def late(_: Any) -> bytes:
        over.wait(60)
        return b""

    try:
        status, document = asked(Runtime(trees=late, lines=numbers(1)), seconds=0.3)
    finally:
        over.set()
    assert status == 200 and document["predictions"][0]["model"] == "linear"
    assert document["failed"] == {"xgboost": "it did not answer within 0.3 seconds"}


def test_a_kept_connection_that_was_closed_is_opened_again() -> None:
    broken = iter([ConnectionClosedError(endpoint_url="http://secret")])

    def answer(_: Any) -> bytes:
        for error in broken:
            raise error
        return json.dumps(numbers(1)).encode()

    assert asked(Runtime(trees=answer), endpoints={"xgboost": "trees"})[0] == 200


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ('{"error": "record 1 has no make"}', "record 1 has no make"),
        ("not JSON\nTraceback", "not JSON"),
        ("", "the model refuses the request"),
        ("{" + "x" * 5000, "{" + "x" * 999 + " ..."),
    ],
)
def test_a_request_that_a_model_refuses_is_the_clients_mistake(said: str, sentence: str) -> None:
    for other in (numbers(1), model_error(500, ""), model_error(400, said)):
        status, document = asked(Runtime(trees=model_error(400, said), lines=other))
        assert (status, document) == (400, {"error": sentence, "model": "xgboost"})
    assert asked(Runtime(trees=model_error(415, said), lines=numbers(1)))[0] == 415


def test_errors_are_those_of_boto3() -> None:
    """As its client reads them."""
    client = boto3.client(
        "sagemaker-runtime", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    fields = {"OriginalStatusCode": 400, "OriginalMessage": '{"error": "too few"}'}
    with Stubber(client) as stubbed:
        stubbed.add_client_error("invoke_endpoint", "ModelError", "m", 424, modeled_fields=fields)
        stubbed.add_client_error("invoke_endpoint", "ServiceUnavailable", "m", 503)
        one = {"xgboost": "trees"}
        assert asked(client, endpoints=one) == (400, {"error": "too few", "model": "xgboost"})
        assert asked(client, endpoints=one)[0] == 503


def test_answers_that_do_not_fit_each_other_are_not_mixed() -> None:
    for other in (numbers(1, 2), classes(SURE)):
        status, document = asked(Runtime(trees=numbers(1), lines=other))
        assert (status, document["error"]) == (502, "the models' answers do not fit each other")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"method": "GET"}, 405),
        ({"headers": {"accept": "text/csv"}}, 406),
        ({"headers": {"accept": "application/json;q=0, */*"}}, 406),
        ({"headers": {"accept": "text/html, */*;q=0.1"}}, 200),
        ({"headers": {"content-type": "text/csv\r\nx: y"}}, 415),
        ({"headers": {"x-amzn-sagemaker-inference-id": " a"}}, 400),
        ({"headers": {"x-amzn-sagemaker-inference-id": "a" * 65}}, 400),
        ({"body": b" " * (MOST_BYTES + 1)}, 413),
    ],
)
def test_what_no_model_should_see_is_refused_before(changes: Any, status: int) -> None:
    runtime = Runtime(trees=numbers(1), lines=numbers(2))
    answered, document = asked(runtime, **changes)
    assert answered == status
    assert bool(runtime.asked) == (status == 200) == ("error" not in document)


def test_a_model_alone_is_passed_on_to_the_bit(trained: Trained) -> None:
    model = inference.model_fn(str(trained.model))
    lines = (trained.data / "records" / "test.jsonl").read_text(encoding="utf-8").splitlines()[:40]
    records = [json.loads(line) for line in lines]

    def answer(request: Any) -> bytes:
        read = inference.input_fn(request["Body"], request["ContentType"])
        predictions = inference.predict_fn(read, model)
        return inference.output_fn(predictions, request["Accept"])[0].encode()

    expected = list(inference.predict(records, model))
    body = json.dumps({"instances": records}).encode()
    _, document = asked(Runtime(one=answer), body, endpoints={trained.family: "one"})
    for row, own in zip(document["predictions"], expected, strict=True):
        assert row["model"] == trained.family
        assert {name: row[name] for name in own} == own == row["models"][trained.family]


def test_endpoints_are_named_by_pairs() -> None:
    assert pairs("xgboost=a-1, linear=b") == {"xgboost": "a-1", "linear": "b"}
    for words in ("", "a", "a=", "a=-", "a=b,a=c", "a=b,", "a=b_c"):
        with pytest.raises(ValueError, match="is not like xgboost=cars-xgboost"):
            pairs(words)
