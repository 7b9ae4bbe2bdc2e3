"""On random networks, the rebuilt model is the old one without what nothing reads."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kspec.parts.neurons.structure import Cut
from kspec.parts.neurons.walk import read
from tests.parts.neurons.random_graphs import random_model
from tests.parts.neurons.reference import difference


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data(), seed=st.integers(0, 999), share=st.sampled_from([0.2, 0.5, 1.0]))
def test_exact(data, seed, share):
    model = random_model(data.draw)
    worst, structure, cut, new = difference(model, share, seed, effect=0)
    assert worst <= 1e-5
    assert cut.total(structure.macs) == structure_macs(new)


def structure_macs(model):
    """MACs of the rebuilt model, counted anew."""
    found = read(model)
    return Cut(found.channels, set()).total(found.macs)
