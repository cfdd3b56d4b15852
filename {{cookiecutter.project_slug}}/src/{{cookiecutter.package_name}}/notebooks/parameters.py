"""Strict parameters for notebooks that papermill runs.

papermill accepts a parameter that the notebook does not have, and text where a number belongs; the
run then uses a default that nobody asked for, or fails much later. `check_parameters()` compares
the cell that papermill injects with the notebook's own parameters cell.
"""

import ast
import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from IPython.core.getipython import get_ipython

from ..errors import ProjectError
from ..runs.surroundings import PARAMETERS
from .limits import Limit

INJECTED = "# Parameters"  # the first line of the cell that papermill injects
FLOATS_END = 10**308  # about where a whole number is too large for a float
UNKNOWN = object()  # the value of an expression that is no literal
TYPES = {kind.__name__: kind for kind in (str, int, float, bool, list, dict)}


class ParameterError(ProjectError):
    """A parameter is unknown, or its value is not what it may be; the message is one sentence."""


@dataclass(frozen=True)
class Parameter:
    """One assignment: a name, its type where that is known, and its value or UNKNOWN."""

    name: str
    type: type | None
    value: object


def check_parameters(limits: Mapping[str, Limit] | None = None) -> None:
    """Check what papermill injected, or what was typed, against the notebook's parameters cell.

    Call it in the cell after the parameters cell. `true` and `false`, which papermill passes on as
    text, become booleans, and a whole number where a float belongs becomes one. Raises
    ParameterError for an unknown name, a wrong type, None, a number that is not finite, and a value
    beyond its limit.

    Args:
        limits: what the values of some parameters must be, by name.
    """
    shell = get_ipython()
    if shell is None:
        raise ParameterError("check_parameters() belongs in a notebook cell")
    declared, given = parameter_cells(shell.user_ns["In"][:-1])
    types = {parameter.name: parameter.type for parameter in declared}
    fitting = {}
    for parameter in [*declared, *given]:
        if parameter.name not in types:
            raise ParameterError(unknown_name(parameter.name, list(types)))
        expected = types[parameter.name]
        if expected is not None and parameter.value is not UNKNOWN:
            fitting[parameter.name] = typed(parameter, expected)
    for name, value in fitting.items():
        if type(shell.user_ns.get(name)) is not type(value):
            shell.user_ns[name] = value
    values = {name: shell.user_ns[name] for name in types if name in shell.user_ns}
    check_limits(values, limits or {})
    PARAMETERS.clear()
    PARAMETERS.update(values)


def check_limits(values: Mapping[str, Any], limits: Mapping[str, Limit]) -> None:
    """Raise ParameterError where a value is beyond its limit."""
    for name, limit in limits.items():
        if must_be := limit(values[name], values):
            raise ParameterError(f"parameter {name!r} must be {must_be}, not {values[name]!r}")


def parameter_cells(history: list[str]) -> tuple[list[Parameter], list[Parameter]]:
    """The parameters cell and the cell that papermill injected after it, each as assignments.

    `history` holds the cells that ran before, oldest first. The last one that only assigns is
    taken; interactive runs have no injected cell.
    """
    cells = [(source, assignments(source)) for source in reversed(history)]
    found = [(source, parameters) for source, parameters in cells if parameters]
    if not found:
        raise ParameterError("no parameters cell ran before this one; run the cell above first")
    if not found[0][0].lstrip().startswith(INJECTED):
        return found[0][1], []
    if len(found) == 1:
        raise ParameterError("papermill found no cell tagged 'parameters'; tag the cell above")
    return found[1][1], found[0][1]


def assignments(source: str) -> list[Parameter]:
    """A cell's assignments, or an empty list if it does anything else than assign to names."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # a cell with a magic
        return []
    parameters = [parameter_of(statement) for statement in statements]
    known = [parameter for parameter in parameters if parameter is not None]
    return known if len(known) == len(statements) else []


def parameter_of(statement: ast.stmt) -> Parameter | None:
    """`name: type = value` or `name = value` as a parameter; None for any other statement."""
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        annotation = ast.unparse(statement.annotation).partition("[")[0]
        return Parameter(statement.target.id, TYPES.get(annotation), value_of(statement.value))
    if not (isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)):
        return None
    value = value_of(statement.value)
    declared = None if value is UNKNOWN or value is None else type(value)
    return Parameter(statement.targets[0].id, declared, value)


def value_of(node: ast.expr | None) -> object:
    """A literal's value; papermill writes numbers that are not finite as `float('nan')`."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "float":
        return float(ast.literal_eval(node.args[0]))
    try:
        return UNKNOWN if node is None else ast.literal_eval(node)
    except ValueError:
        return UNKNOWN


def unknown_name(name: str, names: list[str]) -> str:
    """The sentence for a parameter that the notebook does not have."""
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"it has {', '.join(names)}"
    return f"the notebook has no parameter {name!r}; {hint}"


def typed(parameter: Parameter, expected: type) -> object:
    """The value in the expected type; ParameterError where it has another one.

    A whole number is fine for a float. `true` and `false` are booleans, as papermill passes them.
    """
    value = parameter.value
    if expected is bool and str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    if expected is float and type(value) is int:
        value = float(value) if abs(value) < FLOATS_END else math.inf
    if isinstance(value, float) and not math.isfinite(value):
        raise ParameterError(f"parameter {parameter.name!r} must be a finite number, not {value}")
    if type(value) is not expected:
        raise ParameterError(
            f"parameter {parameter.name!r} must be {expected.__name__}, "
            f"not {value!r} ({type(value).__name__}); {hint_for(parameter, expected)}"
        )
    return value


def hint_for(parameter: Parameter, expected: type) -> str:
    """What to write instead, for the ways in which papermill is usually called."""
    name, value = parameter.name, parameter.value
    if value is None:
        return "leave it out to use the notebook's own value"
    if expected is str and isinstance(value, bool | int | float):
        return f"`-p` makes a number or yes and no of what looks so, so write `-r {name} {value}`"
    if expected is bool:
        return f"write `-p {name} true` or `-p {name} false`"
    if isinstance(value, float) and expected is int:
        return f"write a whole number: `-p {name} {value:.0f}`"
    if isinstance(value, str) and expected in (int, float):
        return f"write a number without quotes: `-p {name} 3`"
    return f"write it as in the notebook's parameters cell or in a file for `-f`: {name}: ..."
