"""Pruning of neurons: a functional Keras model without some of its channels, units and heads.

channels (which neurons must go together), walk and rules (what each layer does to channels), groups, scores, choose,
rebuild: in this order a model is read, its neurons compared, and a smaller model made. See kspec.prune_neurons.
"""
