"""The state of a training in plain Keras: taken out of a running `fit`, and put back to go on to the same bits."""
