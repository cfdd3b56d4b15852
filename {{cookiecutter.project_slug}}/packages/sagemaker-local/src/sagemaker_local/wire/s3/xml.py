"""XML as S3 writes and reads it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from sagemaker_local.wire.messages import Answer, WireError, request_id
from sagemaker_local.wire.s3.errors import malformed_xml

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
TYPE = {"Content-Type": "application/xml"}

# A name with a text, or with further elements.
Child = tuple[str, "str | int | bool | Iterable[Child]"]


def document(name: str, children: Iterable[Child], status: int = 200) -> Answer:
    """An answer that is an XML document."""
    root = Element(name, xmlns=_NAMESPACE)
    _add(root, children)
    return Answer(status, TYPE, _DECLARATION + ElementTree.tostring(root))


def text_document(name: str, text: str) -> Answer:
    """An answer that is one element with a text."""
    root = Element(name, xmlns=_NAMESPACE)
    root.text = text
    return Answer(200, TYPE, _DECLARATION + ElementTree.tostring(root))


def refusal(error: WireError, resource: str) -> Answer:
    root = Element("Error")
    _add(root, [("Code", error.code), ("Message", error.message), ("Resource", resource)])
    _add(root, [("RequestId", request_id())])
    return Answer(error.status, TYPE, _DECLARATION + ElementTree.tostring(root))


def read(body: bytes, name: str) -> Element:
    """A request's document, names without their namespace.

    Raises:
        WireError: it is no XML, or another document than ``name``.
    """
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise malformed_xml(f"The request is no XML: {error}.") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    if root.tag != name:
        raise malformed_xml(f"The request is a {root.tag}, and should be a {name}.")
    return root


def moment(seconds: float) -> str:
    """A time as S3's documents have it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _add(parent: Element, children: Iterable[Child]) -> None:
    for name, value in children:
        element = ElementTree.SubElement(parent, name)
        if isinstance(value, bool):
            element.text = "true" if value else "false"
        elif isinstance(value, str | int):
            element.text = str(value)
        else:
            _add(element, value)
