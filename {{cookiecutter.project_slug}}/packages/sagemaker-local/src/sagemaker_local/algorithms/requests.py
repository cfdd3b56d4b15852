"""Requests to an algorithm's model: why one is refused, and the content types of all of them."""

from __future__ import annotations

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"


class Refused(Exception):
    """A request that the model does not answer.

    Attributes:
        status: of the HTTP answer.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def plain(content_type: str) -> str:
    """A content type in small letters, without its options."""
    return content_type.partition(";")[0].strip().lower()
