"""Trained Keras models as files for other runtimes, in full or in fewer bits, each of them run before it counts."""
