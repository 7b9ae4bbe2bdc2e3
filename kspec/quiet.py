"""The first import of TensorFlow, without its start-up messages."""

from __future__ import annotations

import os
import sys


def import_tensorflow() -> None:
    """Imports TensorFlow and lists its devices; what it prints while loading is shown only where loading fails.

    TensorFlow writes a dozen lines to the process's standard error before its log level counts, so the file descriptor
    itself is turned aside. A user who set TF_CPP_MIN_LOG_LEVEL wants the messages and gets them.
    """
    if "tensorflow" in sys.modules or "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        return
    import tempfile  # it loads random and hashlib, which `kspec --help` does without

    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # what matters comes as an exception
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            import tensorflow as tf

            tf.config.list_physical_devices()
        except Exception:
            aside.seek(0)
            os.write(kept, aside.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
