"""HTML that opens without a network: nothing in it runs, and nothing is fetched."""

import html
from html.parser import HTMLParser

DROPPED = ("script", "iframe", "object", "embed", "link", "base", "meta")
FETCHING = ("src", "srcset", "poster", "data", "background")


def offline(text: str) -> str:
    """HTML without scripts and without anything that a browser would fetch."""
    cleaner = _Offline()
    cleaner.feed(text)
    cleaner.close()
    return "".join(cleaner.kept)


class _Offline(HTMLParser):
    """Copies HTML, but for elements and attributes that run or fetch something."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.kept: list[str] = []
        self._dropping = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in DROPPED:
            if tag in ("script", "iframe", "object"):  # the others have no content
                self._dropping = self._dropping or tag
            return
        if self._dropping:
            return
        if all(_is_quiet(name, value or "") for name, value in attributes):
            self.kept.append(self.get_starttag_text() or "")
            return
        safe = "".join(
            f' {name}="{html.escape(value or "")}"'
            for name, value in attributes
            if _is_quiet(name, value or "")
        )
        self.kept.append(f"<{tag}{safe}>")

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._dropping:
            self._dropping = ""
        elif tag not in DROPPED:
            self._keep(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._keep(data)

    def handle_entityref(self, name: str) -> None:
        self._keep(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._keep(f"&#{name};")

    def _keep(self, text: str) -> None:
        if not self._dropping:
            self.kept.append(text)


def _is_quiet(name: str, value: str) -> bool:
    """Whether an attribute neither runs nor fetches anything."""
    target = value.strip().lower()
    if name.startswith("on") or target.startswith("javascript:"):
        return False
    if name in FETCHING:
        return target.startswith("data:")
    return not ("url(" in target and "//" in target)
