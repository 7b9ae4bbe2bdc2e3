"""How a child file, or an override, changes what it builds on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from kspec.errors import Problem
from kspec.text.address import GRAMMAR, Step, parse, remove
from kspec.text.nodes import Node, Path

# The keys of `data:` that say where the data comes from: a child that names one replaces its parent's.
EXCLUSIVE = ("tfds", "keras", "sklearn", "image_folder", "text_folder", "csv", "parquet", "npz")


def merge(base: Node | None, new: Node, problems: list[Problem], path: Path = ()) -> Node:
    """`new` laid over `base`: mappings merge deeply, all else replaces.

    A key `~name` of `new` removes `name` from `base` first (`~a.b` works as on the command line). A component
    replaces another one, see `survivors`.
    """
    if not isinstance(new.value, dict):
        return new
    removals = [key for key in new.value if key.startswith("~")]
    if base is None or not isinstance(base.value, dict):
        base = replace(new, value={})
    for key in removals:
        base = _removed(base, key, new.value[key], problems, path)
    added = {key: node for key, node in new.value.items() if key not in removals}
    value = survivors(base.value, added, path) if isinstance(base.value, dict) else {}
    for key, node in added.items():
        value[key] = merge(value.get(key), node, problems, (*path, key))
    return replace(new, value=value)


def survivors(base: Mapping[str, Node], added: Iterable[str], path: Path) -> dict[str, Node]:
    """What stays of the mapping `base` at `path` when the keys `added` are merged into it.

    - `{SGD: ...}` and then `{Adam: ...}`: one component replaces the other.
    - in `model:` a new component replaces the old one, and other keys (`regularizer:`) stay.
    - in `data:` a new source (EXCLUSIVE) replaces the old one.
    """
    names = set(added)
    if path == ("data",) and names & set(EXCLUSIVE):
        return {key: node for key, node in base.items() if key not in EXCLUSIVE or key in names}
    components = {key for key in names if is_component(key)}
    if components - set(base) and (path == ("model",) or (names == components and len(base) == len(names) == 1)):
        return {key: node for key, node in base.items() if not is_component(key)}
    return dict(base)


def is_component(key: str) -> bool:
    """Names of components, and only they, begin with an upper-case letter."""
    return key[:1].isupper()


def _removed(base: Node, key: str, node: Node, problems: list[Problem], path: Path) -> Node:
    mark = node.key or node.mark
    if node.value is not None:
        hint = f"write '{key}:' alone, and the new value under '{key[1:]}:'"
        problems.append(Problem((*path, key), "a '~' key removes and takes no value", hint=hint, mark=node.mark))
        return base
    if isinstance(base.value, dict) and key[1:] in base.value:
        steps = [Step(key[1:], 0)]
    else:
        try:
            steps, end = parse(key[1:])
            if end < len(key) - 1:
                raise ValueError("'=' cannot stand here")
        except ValueError as error:
            problems.append(Problem((*path, key), str(error), GRAMMAR, mark=mark, on_key=True))
            return base
    return remove(base, steps, [mark] * len(steps), problems, path)
