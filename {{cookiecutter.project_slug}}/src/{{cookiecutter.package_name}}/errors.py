"""Errors that are one sentence for a person, in a notebook and in a terminal."""


class ProjectError(ValueError):
    """What is wrong, where, and what to do; the message is one sentence."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback, which would only show this package."""
        return [f"{type(self).__name__}: {self}"]
