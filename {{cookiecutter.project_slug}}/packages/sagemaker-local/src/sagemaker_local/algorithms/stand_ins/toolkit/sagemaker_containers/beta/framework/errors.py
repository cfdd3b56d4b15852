"""Errors, by the toolkit's names."""

from __future__ import annotations


class ClientError(Exception):
    """What was asked cannot be read."""


class UnsupportedFormatError(Exception):
    """A content type that nothing here reads or writes."""

    def __init__(self, content_type: str) -> None:
        super().__init__(f"Content type {content_type} is not supported by this framework.")
