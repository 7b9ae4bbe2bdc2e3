"""What every verb that trains or predicts does first."""

from __future__ import annotations

from kspec.quiet import import_tensorflow


def start() -> None:
    """Loads TensorFlow and Keras without TensorFlow's start-up messages."""
    import_tensorflow()
