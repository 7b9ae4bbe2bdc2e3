"""Magnitude pruning of weights in plain Keras, with the meaning of TensorFlow Model Optimization (TF-MOT)."""
