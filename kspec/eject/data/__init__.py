"""The data section of a script: load, split, clean, write the labels, prepare, batch."""
