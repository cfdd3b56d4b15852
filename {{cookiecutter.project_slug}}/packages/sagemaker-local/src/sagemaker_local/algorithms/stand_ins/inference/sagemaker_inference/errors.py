"""Errors, by the toolkit's names."""

from __future__ import annotations


class BaseInferenceToolkitError(Exception):
    """An answer with a status."""

    def __init__(self, status_code: int, message: str, phrase: str) -> None:
        super().__init__(status_code, message, phrase)
        self.status_code = status_code
        self.message = message
        self.phrase = phrase


class UnsupportedFormatError(Exception):
    """A content type that nothing here reads or writes."""

    def __init__(self, content_type: str) -> None:
        super().__init__(f"Content type {content_type} is not supported by this framework.")
