"""What the watch says: lines with times on the terminal, and one of JSON for each in a file."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass
class Journal:
    """See the module.

    Attributes:
        file: gets the lines of JSON.
        say: shows a line to people.
    """

    file: Path
    say: Callable[[str], object]

    def note(self, what: str, sentence: str, **more: Any) -> None:
        """Say a sentence, and keep it.

        Args:
            what: happened, in a word or two.
            sentence: for people.
            more: members of the line of JSON.
        """
        now = datetime.now(UTC)
        self.say(f"{now.astimezone():%Y-%m-%d %H:%M:%S}  {sentence}")
        line = {"time": now.isoformat(timespec="seconds"), "what": what, **more}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(line | {"sentence": sentence}, ensure_ascii=False) + "\n")
