"""A spec as one Python script in plain Keras: the same experiment, to the same bits, without kspec."""
