"""Callbacks that Keras lacks; each works in any `model.fit`."""
