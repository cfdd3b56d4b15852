"""A pipeline's definition as a picture: SVG that needs no script, no font and no network.

Steps stand in layers, each below what it waits for. An arrow is a reference from one step to
another; those that follow from other arrows are thin. A condition's two ways out are labelled.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from typing import Any

BOX_WIDTH, BOX_HEIGHT = 176, 44
SLOT = 26  # what a passing arrow takes of a layer's width
GAP, LAYER_GAP = 26, 40
MARGIN = 16
MAX_SIGNS = 20  # of a name in a box
ROUNDS = 8  # of sorting the layers; more change nothing in pipelines of this size
INK, SOFT, GREY, PAPER = "#22303c", "#5b6872", "#b8c1c9", "#ffffff"
FILLS = {
    "Processing": "#dcebf5",
    "Training": "#fdebd0",
    "Tuning": "#fdebd0",
    "Transform": "#dcebf5",
    "Condition": "#f3e9f7",
    "Model": "#e0f0e3",
    "RegisterModel": "#c9e7cf",
    "Fail": "#f8dcd9",
}
OTHER_FILL = "#eceff1"


@dataclass
class Node:
    """A step, or the place where an arrow passes through a layer (``type`` is then empty)."""

    name: str
    type: str
    needs: dict[str, str] = field(default_factory=dict)  # step: label of the arrow from it
    layer: int = 0
    x: float = 0.0

    @property
    def width(self) -> int:
        return BOX_WIDTH if self.type else SLOT


class Svg(str):
    """SVG text that a notebook shows as a picture."""

    def _repr_svg_(self) -> str:
        return str(self)


def draw(definition: str) -> Svg:
    """The picture of a pipeline.

    Args:
        definition: the JSON text that ``pipeline.definition()`` gives.
    """
    nodes = {node.name: node for node in _nodes(json.loads(definition)["Steps"])}
    for node in nodes.values():
        node.needs = {name: label for name, label in node.needs.items() if name in nodes}
    _set_layers(nodes)
    paths = _paths(nodes)
    layers = _layers([*nodes.values(), *(node for path in paths for node in path.between)])
    _sort(layers, paths)
    width = _place(layers)
    height = len(layers) * (BOX_HEIGHT + LAYER_GAP) - LAYER_GAP + 2 * MARGIN
    paths.sort(key=lambda path: not path.implied)  # what is drawn later lies above
    shapes = [*map(_arrow, paths), *map(_label, paths), *map(_box, nodes.values())]
    return Svg(_document(width, height, "\n".join(shapes)))


def _nodes(steps: list[dict[str, Any]], condition: dict[str, str] | None = None) -> Iterator[Node]:
    """Every step with what it needs, steps inside conditions included."""
    for step in steps:
        arguments = dict(step.get("Arguments") or {})
        branches = {"yes": arguments.pop("IfSteps", []), "no": arguments.pop("ElseSteps", [])}
        names = [*_references(arguments), *map(str, step.get("DependsOn") or [])]
        needs = dict.fromkeys(names, "") | (condition or {})
        yield Node(step["Name"], step["Type"], needs)
        if step["Type"] == "Condition":
            for label, inner in branches.items():
                yield from _nodes(inner, {step["Name"]: label})


def _references(value: Any) -> Iterator[str]:
    """Names of the steps to which an expression refers, however deep inside."""
    if isinstance(value, dict):
        path = value.get("Get")
        if isinstance(path, str) and path.startswith("Steps."):
            yield path.split(".")[1]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _references(item)


def _set_layers(nodes: dict[str, Node]) -> None:
    """Put each step one layer below the lowest one that it needs."""
    for _ in nodes:  # a chain has as many layers as steps; a cycle ends here too
        before = [node.layer for node in nodes.values()]
        for node in nodes.values():
            node.layer = max((nodes[name].layer + 1 for name in node.needs), default=0)
        if before == [node.layer for node in nodes.values()]:
            return


@dataclass(frozen=True)
class Path:
    """An arrow, with the places where it passes through the layers in between."""

    start: Node
    end: Node
    between: tuple[Node, ...]
    label: str
    implied: bool  # other arrows lead there too

    @property
    def nodes(self) -> list[Node]:
        return [self.start, *self.between, self.end]


def _paths(nodes: dict[str, Node]) -> list[Path]:
    paths = []
    for end in nodes.values():
        for name, label in end.needs.items():
            others = (nodes[other] for other in end.needs if other != name)
            implied = not label and any(_leads(nodes, name, other) for other in others)
            start = nodes[name]
            between = tuple(Node("", "", layer=at) for at in range(start.layer + 1, end.layer))
            paths.append(Path(start, end, between, label, implied))
    return paths


def _leads(nodes: dict[str, Node], name: str, node: Node) -> bool:
    """Whether a node needs the step of this name, directly or not."""
    return name in node.needs or any(_leads(nodes, name, nodes[other]) for other in node.needs)


def _layers(nodes: Iterable[Node]) -> list[list[Node]]:
    layers: dict[int, list[Node]] = {}
    for node in nodes:
        layers.setdefault(node.layer, []).append(node)
    return [layers[number] for number in sorted(layers)]


def _sort(layers: list[list[Node]], paths: list[Path]) -> None:
    """Order each layer by where the neighbours stand, so that few arrows cross.

    Thin arrows make way: they have no say in where a step stands.
    """
    neighbours: dict[int, list[Node]] = {}
    for path in paths:
        for upper, lower in pairwise(path.nodes):
            for node, other in ((upper, lower), (lower, upper)):
                if not (node.type and path.implied):
                    neighbours.setdefault(id(node), []).append(other)
    _place(layers)
    for _ in range(ROUNDS):
        for layer in layers:
            layer.sort(key=lambda node: _mean(node, neighbours.get(id(node), [])))
            _place(layers)


def _mean(node: Node, neighbours: list[Node]) -> float:
    return sum(other.x for other in neighbours) / len(neighbours) if neighbours else node.x


def _place(layers: list[list[Node]]) -> float:
    """Set each node's middle, every layer centred; gives the picture's width."""
    widths = [sum(node.width + GAP for node in layer) - GAP for layer in layers]
    total = max(widths) + 2 * MARGIN
    for layer, width in zip(layers, widths, strict=True):
        left = (total - width) / 2
        for node in layer:
            node.x = left + node.width / 2
            left += node.width + GAP
    return total


def _top(node: Node) -> float:
    return MARGIN + node.layer * (BOX_HEIGHT + LAYER_GAP)


def _arrow(path: Path) -> str:
    """A smooth line from the lower edge of one box to the upper edge of another."""
    x, y = path.start.x, _top(path.start) + BOX_HEIGHT
    line = [f"M{x:.0f},{y:.0f}"]
    for node in path.nodes[1:]:
        top = _top(node)
        middle = (y + top) / 2
        line.append(f"C{x:.0f},{middle:.0f} {node.x:.0f},{middle:.0f} {node.x:.0f},{top:.0f}")
        x, y = node.x, top + BOX_HEIGHT
        if not node.type:
            line.append(f"V{y:.0f}")
    colour, stroke, head = (GREY, 1, "thin") if path.implied else (INK, 1.4, "plain")
    names = f'data-from="{escape(path.start.name)}" data-to="{escape(path.end.name)}"'
    return (
        f'<path class="arrow" {names} d="{" ".join(line)}" fill="none" stroke="{colour}" '
        f'stroke-width="{stroke}" marker-end="url(#pipeline-{head})"/>'
    )


def _label(path: Path) -> str:
    if not path.label:
        return ""
    first = path.nodes[1]
    x = (path.start.x + first.x) / 2
    y = _top(first) - LAYER_GAP / 2
    return (
        f'<rect x="{x - 14:.0f}" y="{y - 8:.0f}" width="28" height="16" rx="8" fill="{PAPER}"/>'
        f'<text x="{x:.0f}" y="{y + 4:.0f}" font-size="11" font-style="italic">{path.label}</text>'
    )


def _box(node: Node) -> str:
    x, top = node.x, _top(node)
    left = x - BOX_WIDTH / 2
    corner = BOX_HEIGHT / 2 if node.type == "Condition" else 6
    name, kind = escape(_cut(node.name)), escape(node.type)
    size = f'width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="{corner:.0f}"'
    paint = f'fill="{FILLS.get(node.type, OTHER_FILL)}" stroke="{INK}" stroke-width="1"'
    return (
        f'<g class="step"><title>{escape(node.name)}: {kind}</title>'
        f'<rect x="{left:.0f}" y="{top:.0f}" {size} {paint}/>'
        f'<text x="{x:.0f}" y="{top + 19:.0f}" font-size="13" font-weight="600">{name}</text>'
        f'<text x="{x:.0f}" y="{top + 35:.0f}" font-size="10.5" fill="{SOFT}">{kind}</text></g>'
    )


def _cut(name: str) -> str:
    """A name as far as it has room in its box."""
    return name if len(name) <= MAX_SIGNS else f"{name[: MAX_SIGNS - 1]}…"


def _document(width: float, height: float, shapes: str) -> str:
    heads = "".join(
        f'<marker id="pipeline-{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0,0 8,4 0,8z" fill="{colour}"/></marker>'
        for name, colour in (("plain", INK), ("thin", GREY))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="pipeline" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" font-family="sans-serif" '
        f'text-anchor="middle" fill="{INK}" style="max-width:100%;height:auto">\n'
        f'<defs>{heads}</defs>\n<rect width="100%" height="100%" fill="{PAPER}" rx="8"/>\n'
        f"{shapes}\n</svg>"
    )
