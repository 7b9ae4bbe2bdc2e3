"""The canonical YAML text of a tree."""

from __future__ import annotations

import re
from typing import Any

import yaml

from kspec.text.scalars import TAG, kind_of

_LONGEST_FLOW = 80  # characters of a list or mapping that is still written on one line
_LITERAL = re.compile(r"\S.*(\n(\S.*)?)*\n?")  # texts that `|` shows as they are

_OTHER_BREAKS = re.compile("[\r\x85\u2028\u2029]")  # PyYAML writes them bare; a reader makes them "\\n" or " "


class _Dumper(yaml.SafeDumper):
    """PyYAML's emitter with YAML 1.2 scalars: it quotes what `read_text` would read as something else."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        if kind is not yaml.ScalarNode:
            return TAG + ("map" if kind is yaml.MappingNode else "seq")
        if not implicit[0]:
            return TAG + "str"
        written = kind_of(value)
        if written != "str":
            return TAG + written
        # PyYAML's own rule, for `<<`, and so that readers of YAML 1.1 also find a text in `no` and in dates
        tag: str = super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]
        return tag

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)  # items of a list stand deeper than its key


def dump(tree: Any) -> str:
    """`tree` (dicts with text keys, lists, scalars) as YAML text, keys in the order given.

    Block style, short lists and mappings of scalars on one line. `read_text(dump(tree)).tree == tree`; floats
    come back bit for bit. Raises TypeError for any other kind of value.
    """
    node = _node(tree)
    if isinstance(node, yaml.CollectionNode) and node.value:
        node.flow_style = False
    text: str = yaml.serialize(node, Dumper=_Dumper, allow_unicode=True, width=1_000_000)
    return text


def _node(value: Any, *, is_key: bool = False) -> yaml.Node:
    if isinstance(value, dict):
        return _mapping(value)
    if isinstance(value, list | tuple):
        items = [_node(item) for item in value]
        return yaml.SequenceNode(TAG + "seq", items, flow_style=_is_short(items))
    if isinstance(value, str):
        return yaml.ScalarNode(TAG + "str", value, style=_style(value, is_key=is_key))
    return _scalar(value)


def _style(text: str, *, is_key: bool) -> str | None:
    """None leaves the choice between plain, single and double quotes to PyYAML."""
    if _OTHER_BREAKS.search(text):
        return '"'
    return "|" if "\n" in text and not is_key and _LITERAL.fullmatch(text) else None


def _mapping(value: dict[Any, Any]) -> yaml.MappingNode:
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"a key must be a str, not {key!r}")
    pairs = [(_node(key, is_key=True), _node(item)) for key, item in value.items()]
    return yaml.MappingNode(TAG + "map", pairs, flow_style=_is_short([node for pair in pairs for node in pair]))


def _scalar(value: Any) -> yaml.ScalarNode:
    if value is None:
        return yaml.ScalarNode(TAG + "null", "null")
    if isinstance(value, bool):
        return yaml.ScalarNode(TAG + "bool", "true" if value else "false")
    if isinstance(value, int):
        return yaml.ScalarNode(TAG + "int", str(int(value)))
    if isinstance(value, float):
        text = repr(float(value))
        return yaml.ScalarNode(TAG + "float", {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(text, text))
    raise TypeError(f"YAML has no form for a {type(value).__name__}: {value!r}")


def _is_short(nodes: list[yaml.Node]) -> bool:
    """Whether these fit in one line: scalars without line breaks, not too many."""
    texts = [node.value for node in nodes if isinstance(node, yaml.ScalarNode) and "\n" not in node.value]
    return len(texts) == len(nodes) and sum(len(text) + 2 for text in texts) <= _LONGEST_FLOW
