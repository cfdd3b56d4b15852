"""What a server says of itself: an OpenAPI schema, and a page that needs nothing from elsewhere.

Both are made of the model's signature and of its data contract, where it has one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from . import contract
from .answers import JSON
from .contract import Column, Contract
from .payloads import CSV, JSON_LINES

# What a value may be in JSON; numbers may come as texts, as they do from CSV.
TYPES = {
    "numeric": ["number", "string", "null"],
    "date": ["string", "null"],
    "categorical": ["string", "number", "boolean", "null"],
}
ERRORS = {
    "400": "The body is malformed, or a record is not as the data contract says.",
    "406": "No accepted type is written here.",
    "408": "The request did not get whole in time.",
    "413": "The body is too large.",
    "415": "The content type is not read here.",
    "503": "The model is not loaded yet.",
}


@dataclass(frozen=True)
class Description:
    """What a caller has to know of a model.

    Attributes:
        target: what it predicts; "" while no model is loaded.
        classes: of the target; none: a number.
        columns: of a record, as in `signature.json`.
        contract: what they must hold.
        example: a record that is answered.
    """

    target: str = ""
    classes: Sequence[str] = ()
    columns: Sequence[Mapping[str, Any]] = ()
    contract: Contract | None = None
    example: Mapping[str, Any] = field(default_factory=dict)


def describe(signature: Mapping[str, Any], preprocessing: Mapping[str, Any]) -> Description:
    """The description of an artifact, from its two documents."""
    document = signature.get("contract")
    agreed = contract.from_document(document) if document else None
    learned = {column["name"]: column for column in preprocessing["columns"]}
    columns, reference = signature["columns"], preprocessing["reference_date"]
    example = {
        name: _example(learned[name], agreed.columns.get(name) if agreed else None, reference)
        for name in (column["name"] for column in columns)
    }
    return Description(signature["target"], signature["classes"], columns, agreed, example)


def _example(learned: Mapping[str, Any], agreed: Column | None, reference: str) -> Any:
    """A value of a column that a caller could send; None where only a spelled one would do."""
    if learned["role"] == "categorical":
        known = [*(agreed.categories if agreed else ()), *learned["categories"]]
        return next((each for each in known if each), None)
    if learned.get("spelling"):
        return None
    if learned["role"] == "date":
        first, last = agreed.bounds if agreed else ("", reference)
        return max(first, min(last, reference))
    low, high = (agreed.usual or agreed.range or (0, 2)) if agreed else (0, 2)
    middle = (low + high) / 2
    return round(middle) if agreed is None or agreed.type == "integer" else round(middle, 3)


def openapi(description: Description) -> dict[str, Any]:
    """The schema of the server, as OpenAPI 3.1."""
    record = _record_schema(description)
    prediction = _prediction_schema(description)
    records = {"type": "array", "items": record, "minItems": 1}
    asked = {
        "oneOf": [
            {"type": "object", "required": ["instances"], "properties": {"instances": records}},
            records,
            record,
        ]
    }
    answered = {
        "type": "object",
        "properties": {"predictions": {"type": "array", "items": prediction}},
    }
    names = ", ".join(column["name"] for column in description.columns)
    line = json.dumps(description.example, ensure_ascii=False)
    error = {"type": "object", "properties": {"error": {"type": "string"}}}
    responses: dict[str, Any] = {
        status: {"description": said, "content": {JSON: {"schema": error}}}
        for status, said in ERRORS.items()
    }
    responses["200"] = {
        "description": "A prediction for each record, in their order.",
        "content": {
            JSON: {"schema": answered},
            JSON_LINES: {"schema": {"type": "string"}},
            CSV: {"schema": {"type": "string"}},
        },
    }
    body = {
        "required": True,
        "description": f"Records; CSV has the columns in this order: {names}",
        "content": {
            JSON: {"schema": asked, "example": {"instances": [description.example]}},
            JSON_LINES: {"schema": {"type": "string"}, "example": line + "\n"},
            CSV: {"schema": {"type": "string"}},
        },
    }
    healthy = {"200": {"description": "Healthy."}, "503": {"description": ERRORS["503"]}}
    said = {"200": {"description": "What a batch transform job may send."}}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Predictions of {description.target}", "version": "1"},
        "paths": {
            "/invocations": {"post": {"requestBody": body, "responses": responses}},
            "/ping": {"get": {"responses": healthy}},
            "/execution-parameters": {"get": {"responses": said}},
        },
    }


def _record_schema(description: Description) -> dict[str, Any]:
    properties = {}
    for column in description.columns:
        schema: dict[str, Any] = {"type": TYPES[column["role"]]}
        if said := _said(column, description):
            schema["description"] = said
        properties[column["name"]] = schema
    return {"type": "object", "required": list(properties), "properties": properties}


def _said(column: Mapping[str, Any], description: Description) -> str:
    """What the contract says of a column's values, as a phrase."""
    agreed = description.contract.columns.get(column["name"]) if description.contract else None
    facts = []
    if agreed is not None:
        if agreed.description:
            facts.append(agreed.description)
        if agreed.range:
            low, high = agreed.range
            facts.append(f"{low} to {high} {agreed.unit}".strip())
        if agreed.categories:
            facts.append(f"one of {', '.join(agreed.categories)}")
        if not agreed.missing_at_most:
            facts.append("never missing")
    if column.get("spelling"):
        facts.append(f"written like {column['spelling']}")
    return "; ".join(facts)


def _prediction_schema(description: Description) -> dict[str, Any]:
    if not description.classes:
        return {"type": "object", "properties": {"prediction": {"type": "number"}}}
    probability = {"type": "number", "minimum": 0, "maximum": 1}
    return {
        "type": "object",
        "properties": {
            "prediction": {"enum": list(description.classes)},
            "probabilities": {
                "type": "object",
                "properties": dict.fromkeys(description.classes, probability),
            },
        },
    }


def page(description: Description) -> str:
    """A page with the columns, and an example that can be changed and sent."""
    if not description.target:
        return "<!doctype html><title>Loading</title><p>The model is being loaded."
    cells = [(each["name"], each["role"], _said(each, description)) for each in description.columns]
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in cells
    )
    example = json.dumps({"instances": [description.example]}, indent=2, ensure_ascii=False)
    return PAGE.format(target=escape(description.target), rows=rows, example=escape(example))


PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Predictions of {target}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse }} td, th {{ border: 1px solid #ccc; padding: .2rem .6rem;
text-align: left }} textarea {{ width: 100%; height: 22rem; font: 14px monospace }}
pre {{ background: #f4f4f4; padding: .6rem; white-space: pre-wrap }}
</style>
<h1>Predictions of {target}</h1>
<p><code>POST /invocations</code> takes records as JSON, JSON Lines or CSV (the columns in this
order, no header needed), and answers as <code>Accept</code> asks for, JSON by default.
<a href="openapi.json">openapi.json</a> says the same to programs.</p>
<table><tr><th>column</th><th>role</th><th>values</th></tr>{rows}</table>
<h2>An example</h2>
<textarea id="body" spellcheck="false">{example}</textarea>
<p><button id="send">Send</button></p>
<pre id="answer"></pre>
<script>
document.getElementById("send").onclick = async () => {{
  const answer = await fetch("invocations", {{
    method: "POST",
    headers: {{"Content-Type": "application/json"}},
    body: document.getElementById("body").value,
  }});
  document.getElementById("answer").textContent = answer.status + " " + await answer.text();
}};
</script>
</html>
"""
