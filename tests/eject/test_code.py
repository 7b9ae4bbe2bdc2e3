import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kspec.eject.code import WIDTH, Call, Name, flat, quoted, render, statement

plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=8)
        | st.lists(inner, max_size=8).map(tuple)
        | st.dictionaries(st.text(max_size=9), inner, max_size=8)
    ),
    max_leaves=40,
)


@given(values)
def test_text_evaluates_to_the_value(value):
    infinity = {"float": float}
    assert eval(flat(value), infinity) == value
    assert eval(render(value, 0, 0), infinity) == value


@given(st.text())
def test_quoted_is_one_line_in_double_quotes_where_that_is_shorter(text):
    literal = quoted(text)
    assert ast.literal_eval(literal) == text and "\n" not in literal
    assert literal[0] == '"' or text.count('"') > text.count("'")


def test_a_call_that_fits_stays_on_its_line():
    made = Call("keras.optimizers.SGD", (Name("rate"),), {"momentum": 0.9, "nesterov": True})
    assert statement("optimizer = ", made) == "optimizer = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True)"


def test_a_longer_one_is_opened_as_far_as_needed():
    some = {f"argument_{i}": i for i in range(6)}
    assert statement("x = ", Call("f" * 40, (), some)) == (
        f"x = {'f' * 40}(\n    argument_0=0, argument_1=1, argument_2=2, argument_3=3, argument_4=4, argument_5=5\n)"
    )
    assert statement("x = ", ["word" * 10] * 3) == "x = [\n" + f'    "{"word" * 10}",\n' * 3 + "]"


@pytest.mark.parametrize("indent", [0, 4, 8])
def test_no_line_is_longer_than_it_must_be(indent):
    nested = Call("outer", (Call("inner", (), {f"key_{i}": [i] * 20 for i in range(4)}), (1,)))
    lines = statement("value = ", nested, indent).splitlines()
    assert max(map(len, lines)) <= WIDTH and lines[-1] == " " * indent + ")"
