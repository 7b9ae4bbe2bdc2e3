"""`model`: from the typed spec and the data to a Keras model that fits them."""

from kspec.builders.model.build import build_model
from kspec.builders.model.text_output import text_output

__all__ = ["build_model", "text_output"]
