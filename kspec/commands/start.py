"""What every verb that trains or predicts does first."""

from __future__ import annotations

import logging

from kspec.quiet import import_tensorflow


def start() -> None:
    """Loads TensorFlow and Keras without TensorFlow's start-up messages, nor its advice on tracing anew."""
    import_tensorflow()
    logging.getLogger("tensorflow").addFilter(_is_of_use)


def _is_of_use(record: logging.LogRecord) -> bool:
    """False for the warning that functions are traced again and again.

    Every stage measures a network of its own, and batches of texts come in a few lengths: a user cannot change that.
    """
    return "triggered tf.function retracing" not in str(record.msg)
