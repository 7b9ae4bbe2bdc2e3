"""`kspec schema`: the JSON Schema of a spec, for editors."""

from __future__ import annotations

import json

from kspec.schema import schema


def show() -> None:
    """Prints the schema."""
    print(json.dumps(schema(), indent=1, ensure_ascii=False))
