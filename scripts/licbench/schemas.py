"""Values against JSON schemas, with violations reported in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema
from jsonschema.exceptions import best_match

from licbench.errors import SettingsError


def require_valid(value: Any, schema: Mapping[str, Any], name: str) -> None:
    """Check ``value`` against a JSON schema.

    Raises:
        SettingsError: the most telling violation, in one line.
    """
    error = best_match(jsonschema.Draft202012Validator(schema).iter_errors(value))
    if error is not None:
        place = ".".join([name, *map(str, error.absolute_path)])
        raise SettingsError(f"{place}: {_in_words(error)}; see workflow/schemas/config.schema.yaml or the codec's file")


def _in_words(error: jsonschema.ValidationError) -> str:
    schema: Any = error.schema
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = sorted(schema.get("properties", {}))
        unknown = sorted(set(map(str, error.instance)) - set(known))
        return f"unknown key {', '.join(unknown)} (known: {', '.join(known)})"
    if error.validator == "enum" and "propertyNames" in error.schema_path:
        return f"unknown key {error.instance} (known: {', '.join(sorted(schema['enum']))})"
    return error.message if len(error.message) < 200 else f"{error.message[:200]}..."
