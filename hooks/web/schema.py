"""What the API takes and gives, as JSON Schema: what a request is checked by is what its OpenAPI document shows."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, get_args

from hooks.journal.pages import OutcomeFilter

Schema = Mapping[str, Any]

MOST = 200  # runs or events in one answer
_TEXT: Schema = {"type": "string"}
_OBJECT: Schema = {"type": "object"}
_NAME: Schema = {"type": "string", "maxLength": 1000}


def _object(required: str, **properties: Schema) -> Schema:
    return {"type": "object", "required": required.split(), "properties": properties}


def _body(required: str, **properties: Schema) -> Schema:
    # without `rule` all rules are paused, so another word for it must not be overlooked
    return {**_object(required, **properties), "additionalProperties": False}


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _cursor(pattern: str) -> Schema:
    return {"type": "string", "maxLength": 100, "pattern": f"^({pattern})?$", "default": ""}


_INTEGER, _NUMBER, _YES_NO = ({"type": kind} for kind in ("integer", "number", "boolean"))
_RUN = _object(
    "id rule key event began outcome said", id=_TEXT, rule=_TEXT, key=_TEXT, event=_TEXT, began=_NUMBER,
    ended=_or_null(_NUMBER), outcome=_or_null(_TEXT), said=_TEXT, steps=_list(_OBJECT),
)  # fmt: skip
_EVENT = _object("type subject time id", type=_TEXT, subject=_TEXT, time=_INTEGER, id=_TEXT, data=_OBJECT)

ANSWERS: Mapping[str, Schema] = {
    "Error": _object("error", error=_TEXT),
    "Done": _object("done", done=_TEXT),
    "Taken": _object("taken event", taken={"type": "string", "enum": ["accepted", "repeated"]}, event=_TEXT),
    "Alive": _object("status", status=_TEXT),
    "Ready": _object("ready unknown", ready=_YES_NO, unknown=_list(_TEXT)),
    "Status": _object(
        "version healthy said unknown summary snapshot snapshot_at", version=_TEXT, healthy=_YES_NO, said=_list(_TEXT),
        unknown=_list(_TEXT), snapshot=_or_null(_OBJECT), snapshot_at=_or_null(_NUMBER),
        summary=_object(
            "state port open rules waits running paused failed_24h said",
            state={"type": "string", "enum": ["well", "unwell", "unknown"]}, port=_or_null(_INTEGER),
            open=_or_null(_TEXT), rules=_or_null(_INTEGER), waits=_or_null(_INTEGER), running=_or_null(_INTEGER),
            paused=_or_null(_YES_NO), failed_24h=_or_null(_INTEGER), said=_TEXT,
        ),
    ),
    "Runs": _object("runs next", runs=_list(_RUN), next=_TEXT),
    "Events": _object("events next", events=_list(_EVENT), next=_TEXT),
    "Trace": _OBJECT,
    "Rules": _object(
        "file fingerprint rules text unknown", file=_or_null(_TEXT), fingerprint=_or_null(_TEXT),
        rules=_or_null(_list(_OBJECT)), text=_or_null(_TEXT), unknown=_list(_TEXT),
    ),
    "Findings": _object(
        "at findings said is_looking", at=_or_null(_NUMBER), findings=_or_null(_list(_OBJECT)), said=_TEXT,
        is_looking=_YES_NO,
    ),
    "Explanations": _object("rules said", rules=_list(_OBJECT), said=_TEXT),
}  # fmt: skip

BODIES: Mapping[str, Schema] = {
    "Pause": _body("for", rule=_NAME, **{"for": _NAME}),
    "Resume": _body("", rule=_NAME),
    "Retry": _body("run", run=_NAME),
    "RunRule": _body("rule", rule=_NAME, event=_OBJECT),
    "Explain": _body("event", event=_OBJECT),
}

QUERY: Mapping[str, Schema] = {
    "before": _cursor(r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?_[0-9]+"), "before_event": _cursor("[0-9]+"),
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "default": 50},
    "since": {"type": "number", "minimum": 0, "maximum": 9e9, "default": 0},
    "rule": {**_NAME, "default": ""}, "key": {**_NAME, "default": ""}, "event": {**_NAME, "default": ""},
    "outcome": {"type": "string", "enum": list(get_args(OutcomeFilter)), "default": ""},
    "kinds": {"type": "string", "maxLength": 300, "default": ""},
}  # fmt: skip
"""What may stand after the question mark, by name: `before` and `before_event` are the `next` of an answer, `since` is
in seconds since the Unix epoch, `kinds` are apart by commas."""


def query_value(name: str, text: str, kind: str = "") -> Any:
    """The value of the field `name` after the question mark, of this kind. Raises ValueError with what to write."""
    schema = QUERY[kind or name]
    if schema["type"] == "string":
        return _checked_text(name, text, schema)
    try:
        value = int(text) if schema["type"] == "integer" else float(text)
    except ValueError:
        value = math.nan
    if not schema["minimum"] <= value <= schema["maximum"]:
        raise ValueError(f"{name}: write a number from {schema['minimum']:g} to {schema['maximum']:g}")
    return value


def body_values(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a body. Raises ValueError with what to write."""
    schema = BODIES[name]
    if unknown := [field for field in given if field not in schema["properties"]]:
        known = " or ".join(f"`{field}`" for field in schema["properties"])
        raise ValueError(f"{unknown[0][:100]}: there is no such field here; write {known}")
    if missing := [field for field in schema["required"] if field not in given]:
        raise ValueError(f"{missing[0]}: it is missing")
    values = {field: given[field] for field in schema["properties"] if field in given}
    for field, value in values.items():
        wanted = schema["properties"][field]
        if wanted["type"] == "object" and not isinstance(value, dict):
            raise ValueError(f"{field}: write a JSON object")
        if wanted["type"] == "string":
            _checked_text(field, value, wanted)
    return values


def _checked_text(name: str, value: Any, schema: Schema) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name}: write a text, in quotes")
    if len(value) > schema.get("maxLength", math.inf):
        raise ValueError(f"{name}: write {schema['maxLength']} characters at most")
    if not re.fullmatch(schema.get("pattern", ".*"), value, re.DOTALL | re.ASCII):
        raise ValueError(f"{name}: write `next` of the answer before, or leave it out")
    if value not in schema.get("enum", (value,)):
        raise ValueError(f"{name}: write one of {', '.join(filter(None, schema['enum']))}")
    return value
