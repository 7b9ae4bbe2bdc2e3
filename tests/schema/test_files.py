"""What a file with `extends` may leave out, and what stays whole."""

from kspec.schema import schema
from kspec.schema.files import of_files

SECTION = {
    "type": "object",
    "properties": {"peak": {"type": "number"}, "also": {"$ref": "#/definitions/Part"}},
    "required": ["peak"],
}
RAW = {
    "type": "object",
    "properties": {"rate": {"anyOf": [{"type": "number"}, {"$ref": "#/definitions/Rate"}]},
                   "items": {"type": "array", "items": {"$ref": "#/definitions/Item"}},
                   "one": {"$ref": "#/definitions/kind"}},
    "required": ["rate"],
    "definitions": {
        "Rate": SECTION,
        "Part": {"type": "object", "properties": {}, "required": ["x"]},
        "Item": {"type": "object", "properties": {}, "required": ["name"]},
        "kind": {"type": "object", "properties": {}, "required": ["units"]},
    },
}  # fmt: skip


def test_what_sections_need_is_asked_of_a_file_that_extends_nothing():
    made = of_files(RAW)
    assert made["if"] == {"required": ["extends"]}
    assert made["else"] == {
        "required": ["rate"],
        "properties": {"rate": {"required": ["peak"], "properties": {"also": {"required": ["x"]}}}},
    }
    assert "required" not in made["definitions"]["Rate"]
    assert "required" not in made["definitions"]["Part"]


def test_items_of_lists_and_components_stay_whole():
    definitions = of_files(RAW)["definitions"]
    assert definitions["Item"]["required"] == ["name"]
    assert definitions["kind"]["required"] == ["units"]


def test_keys_that_remove_stand_in_sections_only():
    definitions = schema()["definitions"]
    assert "^~" in definitions["Training"]["patternProperties"]
    assert "^~" not in definitions["optimizer.SGD"].get("patternProperties", {})
    assert "^~" not in definitions["ParameterGroup"].get("patternProperties", {})
