"""From a typed spec to the complete YAML text: every default filled in, and `read(write(spec)) == spec`."""

from __future__ import annotations

from kspec import text
from kspec.spec import Spec


def write(spec: Spec) -> str:
    """The spec as YAML, complete.

    Example:
        Path("complete.yaml").write_text(write(load_spec("specs/quickstart.yaml")))
    """
    return text.dump(spec.model_dump(mode="json"))
