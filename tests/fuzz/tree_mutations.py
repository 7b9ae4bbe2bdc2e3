"""Mutations of the tree behind the text: valid YAML that says something else than a spec may."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

from kspec import catalog
from kspec.catalog import index
from tests.fuzz import corpus
from tests.fuzz.words import KEYS, NUMBERS, SCALARS, WORDS

Path = tuple[Any, ...]


def mutated(random: Random, tree: Any) -> Any:
    """The tree after one to three mutations; the argument itself stays as it is."""
    tree = copy.deepcopy(tree)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        paths = list(places(tree))
        path = random.choice(paths) if paths else ()
        tree = random.choice(MUTATIONS)(random, tree, path)
    return tree


def places(tree: Any, path: Path = ()) -> list[Path]:
    """The path of every value below the root."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    found = []
    for key, value in inner:
        found += [(*path, key), *places(value, (*path, key))]
    return found


def value_at(tree: Any, path: Path) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def put(tree: Any, path: Path, value: Any) -> Any:
    """The tree with the value at the path; the value itself where the path is empty."""
    if not path:
        return value
    value_at(tree, path[:-1])[path[-1]] = value
    return tree


def any_value(random: Random, depth: int = 0) -> Any:
    """A value of any kind, wrong in most places."""
    kind = random.randrange(9 if depth < 3 else 6)
    if kind < 2:
        return random.choice(NUMBERS)
    if kind == 2:
        return random.choice(WORDS)
    if kind == 3:
        return random.choice(SCALARS)
    if kind == 4:
        return random_name(random)
    if kind == 5:
        return random.choice(([], {}, [None], {"": None}, [[]], [{}], "x"))
    if kind == 6:
        return [any_value(random, depth + 1) for _ in range(random.randint(1, 4))]
    if kind == 7:
        return {random_name(random): {random.choice(KEYS): any_value(random, depth + 1)}}
    return {random.choice(KEYS): any_value(random, depth + 1) for _ in range(random.randint(1, 3))}


def random_name(random: Random) -> str:
    """A component of any kind."""
    return random.choice(index.names(random.choice(index.kinds())))


def replace_value(random: Random, tree: Any, path: Path) -> Any:
    return put(tree, path, any_value(random))


def nudge(random: Random, tree: Any, path: Path) -> Any:
    """A number a little or far off, a word with a slip of the finger."""
    value = value_at(tree, path)
    if isinstance(value, str) and value:
        at = random.randrange(len(value))
        slips = (
            value[:at] + value[at + 1 :],
            value[:at] + value[at] * 2 + value[at + 1 :],
            value.swapcase(),
            value + "s",
            f" {value}",
        )
        return put(tree, path, random.choice(slips))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return put(
            tree, path, random.choice((-value, value * 1e6, value + 1, value / 3, str(value), [value], value == 1))
        )
    return replace_value(random, tree, path)


def drop(random: Random, tree: Any, path: Path) -> Any:
    if path:
        del value_at(tree, path[:-1])[path[-1]]
    return tree


def rename(random: Random, tree: Any, path: Path) -> Any:
    parent = value_at(tree, path[:-1]) if path else None
    if not isinstance(parent, dict):
        return replace_value(random, tree, path)
    key = str(path[-1])
    near = (key[:-1], key + "s", key.upper(), key.replace("_", ""), random.choice(KEYS), random_name(random))
    new = {random.choice(near) if old == path[-1] else old: value for old, value in parent.items()}
    return put(tree, path[:-1], new)


def swap(random: Random, tree: Any, path: Path) -> Any:
    """Exchanges two values (one of them may hold the other, which then stands in the place of both)."""
    other = random.choice(places(tree) or [()])
    one, two = value_at(tree, path), copy.deepcopy(value_at(tree, other))
    if path[: len(other)] == other or other[: len(path)] == path:
        return put(tree, path, two)
    return put(put(tree, path, two), other, one)


def move(random: Random, tree: Any, path: Path) -> Any:
    """The same key in another mapping."""
    maps = [where for where in [(), *places(tree)] if isinstance(value_at(tree, where), dict)]
    if not path or not maps:
        return tree
    value = copy.deepcopy(value_at(tree, path))
    target = value_at(tree, random.choice(maps))
    target[str(path[-1])] = value
    return tree


def wrap(random: Random, tree: Any, path: Path) -> Any:
    value = copy.deepcopy(value_at(tree, path))
    return put(
        tree, path, random.choice(([value], {random_name(random): value}, [value, value], {"value": value}, [[value]]))
    )


def add_key(random: Random, tree: Any, path: Path) -> Any:
    value = value_at(tree, path)
    if isinstance(value, dict):
        value[random.choice(KEYS)] = any_value(random)
    elif isinstance(value, list):
        value.insert(random.randint(0, len(value)), any_value(random))
    else:
        return replace_value(random, tree, path)
    return tree


def other_component(random: Random, tree: Any, path: Path) -> Any:
    """A component of the same or another kind in the place of one, its arguments kept."""
    named = [where for where in places(tree) if where and isinstance(where[-1], str) and where[-1][:1].isupper()]
    if not named:
        return replace_value(random, tree, path)
    where = random.choice(named)
    parent = value_at(tree, where[:-1])
    new = {random_name(random) if key == where[-1] else key: value for key, value in parent.items()}
    return put(tree, where[:-1], new)


def real_argument(random: Random, tree: Any, path: Path) -> Any:
    """A true argument of a component that stands in the tree, with a wrong or odd value."""
    named = [where for where in places(tree) if where and isinstance(where[-1], str) and where[-1][:1].isupper()]
    random.shuffle(named)
    for where in named:
        kind = next((one for one in index.kinds() if catalog.find(one, where[-1])), None)
        arguments = value_at(tree, where)
        entry = catalog.find(kind, where[-1]) if kind else None
        if entry and entry.arguments and isinstance(arguments, dict):
            arguments[random.choice(list(entry.arguments))] = any_value(random)
            return tree
    return replace_value(random, tree, path)


def graft(random: Random, tree: Any, path: Path) -> Any:
    """A key or a section of another valid spec, in the place it had there: most of what comes out still reads."""
    other = other_tree(random)
    where = [one for one in places(other) if not one or isinstance(one[-1], str)]
    chosen = random.choice(where)
    while chosen and not (isinstance(chosen[-1], str) and isinstance(_parent(tree, chosen), dict)):
        chosen = chosen[:-1]
    return put(tree, chosen, copy.deepcopy(value_at(other, chosen))) if chosen else tree


def other_tree(random: Random) -> Any:
    from tests.fuzz.cases import tree_of

    return tree_of(random.choice(list(corpus.valid().values())))


def _parent(tree: Any, path: Path) -> Any:
    for key in path[:-1]:
        is_index = isinstance(tree, list) and isinstance(key, int) and key < len(tree)
        if is_index or (isinstance(tree, dict) and key in tree):
            tree = tree[key]
        else:
            return None
    return tree


MUTATIONS = (
    *(replace_value, replace_value, nudge, nudge, drop, rename, swap, move, wrap, add_key),
    *(other_component, real_argument, real_argument, graft, graft, graft),
)
