"""Layers that Keras lacks or that run faster than its own."""
