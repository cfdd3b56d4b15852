"""A parser for a program with commands: groups of them, examples in their help, suggestions."""

import argparse
import difflib
from collections.abc import Callable, Iterable
from typing import Any

from . import settings

PROGRAM = f"python -m {settings.PACKAGE}"
Answer = Callable[[argparse.Namespace], Iterable[str]]  # the lines that a command prints


class Parser(argparse.ArgumentParser):
    """A parser that knows the commands below it, and keeps the line ends of their examples."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **options)
        self.commands: dict[str, Parser] = {}
        self.examples: list[str] = []
        self._adding: Any = None

    def command(
        self, name: str, about: str, answer: Answer | None = None, *examples: str
    ) -> "Parser":
        """Add a command.

        Args:
            name: what a person types.
            about: what it does, as one clause.
            answer: what to run; a group of commands has none.
            examples: words after the program's name.
        """
        if self._adding is None:
            self._adding = self.add_subparsers(
                title="commands", dest="command", metavar="COMMAND", required=True
            )
        added: Parser = self._adding.add_parser(
            name,
            help=about,
            description=f"{about[0].upper()}{about[1:]}.",
            epilog=examples_text(*examples),
        )
        added.set_defaults(answer=answer)
        self.commands[name] = added
        self.examples += examples[:1]
        self.epilog = examples_text(*self.examples)  # a group shows one of each
        return added

    def refuse_unknown(self, words: list[str]) -> None:
        """End with exit code 2 where the first words name no command; says which may be meant."""
        if not self.commands or not words or words[0].startswith("-"):
            return
        if words[0] in self.commands:
            self.commands[words[0]].refuse_unknown(words[1:])
            return
        close = difflib.get_close_matches(words[0], self.commands, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(self.commands)}"
        self.error(f"there is no command {words[0]!r}; {hint}")


def examples_text(*examples: str) -> str | None:
    """The end of a command's help."""
    lines = [f"  {PROGRAM} {each}" for each in examples]
    return "\n".join(["examples:", *lines]) if lines else None
