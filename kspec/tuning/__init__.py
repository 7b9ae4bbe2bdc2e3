"""The search over the values of a spec: its space, its oracle, its record. Imports no Keras until an oracle is made."""
