"""What `kspec check` looks at beyond the builders' own rules: traps in data and training, and what a run will cost."""
