"""One file a verb; each reads as: load, build, fit, measure, save."""
