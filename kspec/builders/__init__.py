"""The typed spec to Keras objects and tf.data: pure functions, no `fit`, no files written."""
