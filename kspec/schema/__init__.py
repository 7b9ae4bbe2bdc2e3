"""The spec as JSON Schema, for editors and for `kspec explain`. Built in a moment, without Keras."""

from kspec.schema.build import schema

__all__ = ["schema"]
