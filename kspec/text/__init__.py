"""YAML text to a tree with marks: `read(file)` and back with `dump(tree)`. Imports no Keras."""

from kspec.text.compose import MOST_PROBLEMS
from kspec.text.document import Document, read, read_text
from kspec.text.dump import dump
from kspec.text.merge import EXCLUSIVE

__all__ = ["EXCLUSIVE", "MOST_PROBLEMS", "Document", "dump", "read", "read_text"]
