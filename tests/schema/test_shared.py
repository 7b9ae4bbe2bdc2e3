"""Arguments that many components have alike are written once."""

from kspec.schema import schema
from kspec.schema.shared import LEAST, pulled_out

LONG = {"type": "number", "description": "what it is, in so many words that it is worth a definition of its own"}


def definitions(count):
    return {f"kind.{number}": {"properties": {"rate": LONG, "own": {"type": "string"}}} for number in range(count)}


def test_what_stands_often_becomes_a_definition():
    made = pulled_out(definitions(LEAST))
    assert made["argument.rate"] == LONG
    assert made["kind.0"]["properties"] == {"rate": {"$ref": "#/definitions/argument.rate"}, "own": {"type": "string"}}


def test_what_stands_seldom_stays():
    assert pulled_out(definitions(LEAST - 1)) == definitions(LEAST - 1)


def test_the_schema_uses_it():
    definitions = schema()["definitions"]
    assert definitions["argument.clipnorm"]["description"].startswith("If set, the gradient of each weight")
    assert definitions["optimizer.SGD"]["properties"]["clipnorm"] == {"$ref": "#/definitions/argument.clipnorm"}
