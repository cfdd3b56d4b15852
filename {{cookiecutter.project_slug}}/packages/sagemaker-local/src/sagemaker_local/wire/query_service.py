"""Services of AWS's query protocol: who calls (STS), and what a role may (IAM).

Nobody is asked for a key here, and the local role may do everything: the SDK asks before it builds
a job.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import botocore.session
from botocore.model import ListShape, Shape, StructureShape
from sagemaker_local.client.boto import LocalIam, LocalSts
from sagemaker_local.wire.json_service import Operation, operation_of
from sagemaker_local.wire.messages import Answer, Request, WireError, request_id

FORM = "application/x-www-form-urlencoded"
_LIMIT_BYTES = 1 << 20
_LIST_ITEM = re.compile(r"(\w+)\.member\.\d+")


@dataclass(frozen=True)
class QueryService:
    """Answers a form whose ``Action`` names an operation.

    Attributes:
        name: botocore's name of the service.
        operations: a function for each operation, which takes texts and lists of texts.
    """

    name: str
    operations: Mapping[str, Operation]

    def answer(self, request: Request) -> Answer:
        """Call the operation.

        Raises:
            WireError: there is no such operation.
        """
        form = dict(request.query)
        form.update(parse_qsl(request.body.read(_LIMIT_BYTES).decode("utf-8", "replace")))
        action = form.pop("Action", "")
        operation = operation_of(self.name.upper(), self.operations, action)
        return self._answer(action, operation(**_members(form)))

    def _answer(self, action: str, response: Mapping[str, Any]) -> Answer:
        shape = _output(self.name, action)
        root = ElementTree.Element(f"{action}Response")
        result = ElementTree.SubElement(root, f"{action}Result")
        _add_members(result, shape, response)
        metadata = ElementTree.SubElement(root, "ResponseMetadata")
        ElementTree.SubElement(metadata, "RequestId").text = request_id()
        return Answer(200, {"Content-Type": "text/xml"}, ElementTree.tostring(root))


def sts(local: LocalSts) -> QueryService:
    return QueryService("sts", {"GetCallerIdentity": lambda **_: local.get_caller_identity()})


def iam(local: LocalIam) -> QueryService:
    operations: dict[str, Operation] = {
        "GetRole": local.get_role,
        "SimulatePrincipalPolicy": local.simulate_principal_policy,
    }
    return QueryService("iam", operations)


def refusal(error: WireError) -> Answer:
    root = ElementTree.Element("ErrorResponse")
    told = ElementTree.SubElement(root, "Error")
    for name, text in {"Type": "Sender", "Code": error.code, "Message": error.message}.items():
        ElementTree.SubElement(told, name).text = text
    ElementTree.SubElement(root, "RequestId").text = request_id()
    return Answer(error.status, {"Content-Type": "text/xml"}, ElementTree.tostring(root))


def _members(form: Mapping[str, str]) -> dict[str, Any]:
    """``Names.member.1=a&Names.member.2=b&Of=c`` as ``{"Names": ["a", "b"], "Of": "c"}``."""
    members: dict[str, Any] = {}
    for name, value in form.items():
        item = _LIST_ITEM.fullmatch(name)
        if item:
            members.setdefault(item[1], []).append(value)
        else:
            members[name] = value
    return members


@cache
def _output(service: str, operation: str) -> Shape | None:
    model = botocore.session.get_session().get_service_model(service)
    return model.operation_model(operation).output_shape


def _add_members(element: ElementTree.Element, shape: Shape | None, value: Any) -> None:
    """Write a structure or a list as the protocol has it; anything else is text."""
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if name in value:
                child = ElementTree.SubElement(element, name)
                _add_members(child, member, value[name])
    elif isinstance(shape, ListShape):
        for item in value:
            _add_members(ElementTree.SubElement(element, "member"), shape.member, item)
    else:
        element.text = str(value)
