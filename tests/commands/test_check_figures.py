import pytest

from kspec.commands.check_figures import lasting


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.24, "4.2 s"), (185, "3 min 05 s"), (7199, "119 min 59 s"), (9000, "2.5 hours"), (2_523_326, "29 days")],
)
def test_how_long(seconds, text):
    assert lasting(seconds) == text
