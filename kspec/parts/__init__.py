"""What Keras lacks, as plain Keras classes and functions: usable in any Keras code, without YAML."""
