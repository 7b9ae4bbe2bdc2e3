"""What `from kspec import ...` gives."""

import pytest

import kspec


@pytest.mark.parametrize("name", kspec.__all__)
def test_every_public_name_exists_and_is_documented(name):
    assert (getattr(kspec, name).__doc__ or "").strip()


def test_the_names_the_readme_promises():
    promised = {"load_spec", "build", "LinearWarmup", "WarmupCosineDecay", "OneCycle", "Lookahead", "RandomCrop", "MLP"}
    assert promised <= set(kspec.__all__)
    assert promised <= set(dir(kspec))


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="no attribute 'LinearWramup'"):
        _ = kspec.LinearWramup
