"""Augmentations that treat every example on its own and run vectorised over a batch in tf.data."""
