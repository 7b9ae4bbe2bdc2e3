"""Knowledge distillation: a student network learns from the outputs and features of teachers; plain Keras."""
