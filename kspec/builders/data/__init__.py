"""`data`: from the typed spec to arrays that a network can read, split, cleaned and fitted on train alone."""

from kspec.builders.data.build import build_data, synthetic_data

__all__ = ["build_data", "synthetic_data"]
