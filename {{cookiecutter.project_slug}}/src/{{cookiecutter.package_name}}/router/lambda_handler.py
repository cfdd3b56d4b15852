"""The door behind API Gateway: `router.lambda_handler.handler` of the package.

Events of payload format 1.0 (REST and HTTP APIs) and 2.0 (HTTP APIs, function URLs):
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

import base64
import binascii
import json
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from .door import Door, pairs
from .endpoint import CONFIG, logger
from .messages import MOST_BYTES, Refusal, Reply, Request, told

ENDPOINTS = "ROUTER_ENDPOINTS"  # the variable: xgboost=cars-xgboost,linear=cars-linear


def handler(event: Any, _context: object = None) -> dict[str, Any]:
    """Answer an event of API Gateway."""
    try:
        reply = door().answer(request(event))
    except Refusal as refusal:
        reply = told(refusal)
    except Exception:
        logger.exception("the router is not set up")
        reply = told(Refusal(500, "the router is not set up; its log says why"))
    return _fitting(reply)


@cache
def door() -> Door:
    """The door, kept from call to call.

    Raises:
        ValueError: the variable does not say which endpoints.
    """
    import boto3

    return Door(
        pairs(os.environ.get(ENDPOINTS, "")), boto3.client("sagemaker-runtime", config=CONFIG)
    )


def request(event: Any) -> Request:
    """The request that an event carries, in either payload format.

    Raises:
        Refusal: it carries none.
    """
    given = _mapping(event)
    method = given.get("httpMethod") or _mapping(
        _mapping(given.get("requestContext")).get("http")
    ).get("method")
    if not isinstance(method, str):
        raise Refusal(400, "the event is none of API Gateway's, of payload format 1.0 or 2.0")
    return Request(method.upper(), _headers(given), _body(given))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    """Headers by their names in small letters, of several values of one name the last."""
    several = {n: v[-1] for n, v in _mapping(event.get("multiValueHeaders")).items() if _list(v)}
    given = {**several, **_mapping(event.get("headers"))}
    return {str(n).lower(): value for n, value in given.items() if isinstance(value, str)}


def _list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not isinstance(text, str):
        raise Refusal(400, "the event's body is no text")
    try:
        if event.get("isBase64Encoded") is True:
            return base64.b64decode(text, validate=True)
        return text.encode()
    except (binascii.Error, ValueError):
        raise Refusal(400, "the body is not in the encoding that the event says") from None


def _fitting(reply: Reply) -> dict[str, Any]:
    """The reply as API Gateway takes it, in either format; one that Lambda does not is refused."""
    answer = {
        "statusCode": reply.status,
        "headers": reply.headers,
        "body": reply.body,
        "isBase64Encoded": False,
    }
    if 2 * len(reply.body) > MOST_BYTES and len(json.dumps(answer)) > MOST_BYTES:
        return _fitting(told(Refusal(413, "the answer is too large; send fewer records at once")))
    return answer
