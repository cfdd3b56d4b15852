"""A runtime that tests answer for, and requests to a door as each carrier brings them."""

import base64
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from {{ cookiecutter.package_name }}.router.messages import JSON

Answers = Callable[[dict[str, Any]], bytes]
HEADERS = {"Content-Type": JSON, "X-Amzn-SageMaker-Inference-Id": "an-id"}


class Runtime:
    """Stands in for boto3's client.

    Args:
        endpoints: what each answers: JSON, an error, or a function of the request.

    Attributes:
        asked: every request, in the order of their coming.
    """

    def __init__(self, **endpoints: Any) -> None:
        self.endpoints, self.asked = endpoints, list[dict[str, Any]]()

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        answer = self.endpoints[request["EndpointName"]]
        if isinstance(answer, Exception):
            raise answer
        body = answer(request) if callable(answer) else json.dumps(answer).encode()
        return {"Body": io.BytesIO(body), "ContentType": JSON}


def numbers(*values: float) -> dict[str, Any]:
    """What a model of numbers answers."""
    return {"predictions": [{"prediction": value} for value in values]}


def classes(*rows: Mapping[str, float]) -> dict[str, Any]:
    """What a model of classes answers: of each record, the most probable one."""
    best = [max(row, key=lambda label: row[label]) for row in rows]
    found = zip(best, rows, strict=True)
    return {"predictions": [{"prediction": each, "probabilities": row} for each, row in found]}


def model_error(status: int, message: str) -> ClientError:
    """What the runtime makes of a container's error."""
    response: Any = {
        "Error": {"Code": "ModelError", "Message": "See https://console.aws.amazon.com of 123"},
        "OriginalStatusCode": status,
        "OriginalMessage": message,
        "LogStreamArn": "arn:aws:logs:eu-west-1:123456789012:log-group:secret",
    }
    return ClientError(response, "InvokeEndpoint")


def refused(code: str) -> ClientError:
    """An error of the runtime's own, with words that are nobody's business."""
    told = "User: arn:aws:sts::123456789012:assumed-role/secret is not authorized"
    return ClientError({"Error": {"Code": code, "Message": told}}, "InvokeEndpoint")


def event_1(
    body: bytes, headers: Mapping[str, str], method: str = "POST", encoded: bool = False
) -> dict[str, Any]:
    """An event of payload format 1.0, as HTTP and REST APIs send it.

    See http-api-develop-integrations-lambda in API Gateway's guide.
    """
    return {
        "version": "1.0",
        "resource": "/predict",
        "path": "/predict",
        "httpMethod": method,
        "headers": dict(headers),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"accountId": "123456789012", "httpMethod": method, "stage": "$default"},
        "pathParameters": None,
        "stageVariables": None,
        "body": base64.b64encode(body).decode() if encoded else body.decode(),
        "isBase64Encoded": encoded,
    }


def event_2(
    body: bytes, headers: Mapping[str, str], method: str = "POST", encoded: bool = False
) -> dict[str, Any]:
    """An event of payload format 2.0, whose names of headers are in small letters."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/predict",
        "rawQueryString": "",
        "headers": {name.lower(): value for name, value in headers.items()},
        "requestContext": {
            "accountId": "123456789012",
            "http": {"method": method, "path": "/predict", "protocol": "HTTP/1.1"},
            "stage": "$default",
        },
        "body": base64.b64encode(body).decode() if encoded else body.decode(),
        "isBase64Encoded": encoded,
    }
