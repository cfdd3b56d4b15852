"""An answer with its type."""

from __future__ import annotations

from .content_types import JSON

_FINE = 200


class Response(tuple[str | bytes, str]):
    """What ``output_fn`` gives: a body and its type. In the image it is a subclass of Flask's."""

    def __new__(
        cls,
        response: str | bytes = b"",
        accept: str | None = None,
        status: int = _FINE,
        headers: object = None,
        mimetype: str | None = None,
        direct_passthrough: bool = False,
    ) -> Response:
        """The other arguments are Flask's, and without effect.

        Raises:
            ValueError: the status is another one.
        """
        if status != _FINE:
            raise ValueError(
                f"worker.Response has the status {status}, which is not told here; raise an error "
                "instead"
            )
        return super().__new__(cls, (response, mimetype or JSON))
