"""Checks a component and its arguments against the index, before anything is built and without Keras."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from typing import Any

from kspec.catalog import index
from kspec.catalog.index import Argument, Entry
from kspec.catalog.kinds import LABELS, LEFT_OUT
from kspec.catalog.offered import BASES
from kspec.catalog.plugins import installed
from kspec.catalog.types import PLAIN, WORDS, quoted
from kspec.errors import Problem, did_you_mean

Path = tuple[str | int, ...]

NAME = re.compile("[A-Za-z0-9.][A-Za-z0-9_.-]*")
"""What TensorFlow takes as the name of a layer, without the `/` that Keras refuses."""
LISTED = 12
"""The most names that a message lists."""
LARGEST = 3.4e38
"""The largest float32, rounded down; Keras fails late on a larger one."""
TWO_OWNERS = "uninstall one of them, or change its name"
"""The hint where a name has two owners."""
NEAREST = 8
"""The most names that a message lists where there are more than LISTED."""


def check(kind: str | tuple[str, ...], name: str, arguments: Mapping[str, Any], path: Path = ()) -> list[Problem]:
    """Everything that is wrong with a component and its arguments, nested components included; [] where nothing is.

    kind: the kind or kinds that may stand here. path: the keys that lead to the component, without its name.
    An unknown name or a missing argument is reported at `(*path, name)`, a wrong argument at `(*path, name, argument)`.

    Example:
        check("optimizer", "SGD", {"momentun": 0.9}, ("training", "optimizer"))[0].hint == "did you mean 'momentum'?"
    """
    return check_at(as_kinds(kind), name, arguments, (*path, name), on_key=True)


def check_at(
    kinds: tuple[str, ...], name: str, arguments: Mapping[str, Any], place: Path, on_key: bool
) -> list[Problem]:
    """`check` with the address of the component itself; `on_key`: the name is a key there, not a value."""
    found = index.find(kinds, name)
    if found is None:
        return [unknown_name(kinds, name, place, on_key)]
    return check_entry(found, name, arguments, place, on_key)


def check_entry(found: Entry, name: str, arguments: Mapping[str, Any], place: Path, on_key: bool) -> list[Problem]:
    """What is wrong with the arguments of a known component. name: as the spec has it, which can be an alias."""
    problems = []
    for key, value in arguments.items():
        if key in found.arguments:
            problems += check_value(found.arguments[key], value, (*place, key))
        elif not found.open:
            problems.append(unknown_argument(found, name, key, place))
    missing = [key for key, one in found.arguments.items() if one.required and key not in arguments]
    if missing:
        message = f"{name} needs {' and '.join(missing)}"
        example = ", ".join(f"{key}: ..." for key in missing)
        problems.append(Problem(place, message, expected=f"{name}: {{{example}}}", on_key=on_key))
    return problems


def check_value(argument: Argument, value: Any, path: Path) -> list[Problem]:
    """What is wrong with the value of one argument."""
    words = argument.type.split("|")
    unusable = no_numbers(value, path)
    if unusable:
        return [Problem(place, f"wrong value for {argument.name}", wanted, found) for place, wanted, found in unusable]
    if argument.name == "name" and isinstance(value, str) and not NAME.fullmatch(value):
        return [Problem(path, "not a name", "letters, digits, `.`, `_` and `-`", quoted(value))]
    if "any" in words:
        return []
    if any(is_plain(word, value) for word in words if word in PLAIN):
        if isinstance(value, list | tuple):
            return check_items(argument, value, path)
        if not isinstance(value, str) or not argument.choices or value in argument.choices:
            return []
        hint = did_you_mean(value, argument.choices)
        return [
            Problem(
                path, f"not {with_article(argument.name)}", f"one of {', '.join(argument.choices)}", quoted(value), hint
            )
        ]
    kinds = of_kinds("component:", words)
    is_text = isinstance(value, str) and any(word in PLAIN and word != "null" for word in words)
    if kinds and is_component(value) and not (is_text and index.find(kinds, value) is None):
        return check_nested(kinds, value, path)
    named = of_kinds("name:", words)
    if named and isinstance(value, str):
        return [] if index.find(named, value) else [unknown_name(named, value, path, on_key=False)]
    listed = of_kinds("components:", words)
    if listed and isinstance(value, list | tuple) and all(is_component(item) for item in value):
        return [problem for number, item in enumerate(value) for problem in check_nested(listed, item, (*path, number))]
    return [Problem(path, f"wrong type of value for {argument.name}", expected(words), quoted(value))]


def no_numbers(value: Any, path: Path) -> list[tuple[Path, str, str]]:
    """Where a value holds .nan, which equals nothing, not even itself, or a number that no float32 can hold; each with
    what is expected there and what was found."""
    if isinstance(value, int | float):
        if value != value:
            return [(path, "any number but .nan", quoted(value))]
        is_huge = LARGEST < abs(value) < math.inf
        return [(path, f"a number of at most {LARGEST:.1e}, as 32 bits hold it", quoted(value))] if is_huge else []
    if isinstance(value, Mapping):
        return [one for key, inner in value.items() for one in no_numbers(inner, (*path, key))]
    if isinstance(value, list | tuple):
        return [one for number, inner in enumerate(value) for one in no_numbers(inner, (*path, number))]
    return []


def check_items(argument: Argument, items: list[Any] | tuple[Any, ...], path: Path) -> list[Problem]:
    """What is wrong with the items of a list; known only where the argument's default is a list of numbers."""
    default = argument.default
    if not isinstance(default, list) or not default or not all(is_plain("number", one) for one in default):
        return []
    wrong = [number for number, item in enumerate(items) if item is None or isinstance(item, str | bool | dict)]
    return [Problem((*path, number), "wrong type", "a number", quoted(items[number])) for number in wrong]


def check_nested(kinds: tuple[str, ...], value: Any, path: Path) -> list[Problem]:
    """What is wrong with a component that is the value of an argument or an item of a list."""
    name, arguments = split(value)
    if isinstance(value, str):
        return check_at(kinds, name, arguments, path, on_key=False)
    return check_at(kinds, name, arguments, (*path, name), on_key=True)


def is_component(value: Any) -> bool:
    """Whether a value has the form of a component: a name, or a mapping from one name to arguments."""
    if isinstance(value, Mapping) and len(value) == 1:
        [(name, arguments)] = value.items()
        return isinstance(name, str) and (arguments is None or isinstance(arguments, Mapping))
    return isinstance(value, str)


def split(value: Any) -> tuple[str, Mapping[str, Any]]:
    """The name and the arguments of a value that `is_component`."""
    if isinstance(value, str):
        return value, {}
    [(name, arguments)] = value.items()
    return name, {} if arguments is None else arguments


def is_plain(word: str, value: Any) -> bool:
    """Whether a value is of a plain type of the index; a boolean is only `bool`."""
    return isinstance(value, PLAIN[word]) and (word == "bool" or not isinstance(value, bool))


def expected(words: list[str]) -> str:
    """The types as a message lists them."""
    texts = [WORDS[word] for word in words if word in PLAIN and word != "null"]
    for prefix, form in (("component:", "{}"), ("name:", "{}"), ("components:", "a list of {}s")):
        texts += [form.format(LABELS[kind]) for kind in of_kinds(prefix, words)]
    return " or ".join([*(with_article(text) for text in texts), *(["null"] if "null" in words else [])])


def of_kinds(prefix: str, words: list[str]) -> tuple[str, ...]:
    """The kinds of the words `prefix<kind>` of a type."""
    return tuple(word.removeprefix(prefix) for word in words if word.startswith(prefix))


def with_article(text: str) -> str:
    """`optimizer` as `an optimizer`; a text that has its article already stays."""
    if text.split()[0] in ("a", "an", "true"):
        return text
    return f"{'an' if text[0] in 'aeiou' else 'a'} {text}"


def unknown_argument(found: Entry, name: str, key: str, place: Path) -> Problem:
    """The problem of an argument that the component does not take."""
    known = list(found.arguments)
    takes = f"one of {', '.join(known)}" if known else "no arguments"
    hint = did_you_mean(str(key), known)
    return Problem((*place, key), f"{name} has no argument '{key}'", takes, "", hint, on_key=True)


def unknown_name(kinds: tuple[str, ...], name: str, place: Path, on_key: bool) -> Problem:
    """The problem of a name that none of the kinds has: it is of another kind, left out on purpose, or misspelt."""
    labels = [LABELS[kind] for kind in kinds]
    wanted = " or ".join([*([", ".join(labels[:-1])] if labels[1:] else []), labels[-1]])
    known = [one for kind in kinds for one in index.names(kind)]
    hint = ""
    reasons = [LEFT_OUT[kind][name] for kind in kinds if kind in LEFT_OUT and name in LEFT_OUT[kind]]
    other = next((kind for kind in index.kinds() if index.knows(kind, name)), "")
    clash = next((text for kind in kinds if (text := index.clash(kind, name))), "")
    if clash:
        message, hint = clash, TWO_OWNERS
    elif reasons:
        message = f"'{name}' {reasons[0]}"
    elif other:
        message = f"'{name}' is {with_article(LABELS[other])}, not {with_article(wanted)}"
    else:
        message = f"unknown {wanted} '{name}'"
        hint = same_letters(name, known) or did_you_mean(name, reversed(known))
    if not reasons and any(kind in BASES for kind in kinds):
        faults = [f"the plug-in {label} cannot be loaded: {why}" for label, why in installed().faults.items()]
        hint = "; ".join([*([hint] if hint else []), *faults])
    return Problem(place, message, "" if reasons else nearest(kinds, name, known), "", hint, on_key=on_key)


def same_letters(name: str, known: list[str]) -> str:
    """A hint at the name that differs only in case and underscores."""
    folded = {one.replace("_", "").lower(): one for one in known}
    same = name.replace("_", "").replace("-", "").lower()
    return f"did you mean '{folded[same]}'?" if same in folded else ""


def nearest(kinds: tuple[str, ...], name: str, known: list[str]) -> str:
    """The known names as a message lists them: all of a few, the nearest of many."""
    if not known:
        return ""
    if len(known) <= LISTED:
        return f"one of {', '.join(known)}"
    lower = {one.lower(): one for one in reversed(known)}
    near = [lower[one] for one in difflib.get_close_matches(name.lower(), lower, n=NEAREST, cutoff=0.5)]
    where = f"kspec list {kinds[0]}" if len(kinds) == 1 else "kspec list"
    return f"one of {', '.join(near or known[:NEAREST])}, ... ({where} shows all {len(known)})"


def as_kinds(kind: str | tuple[str, ...]) -> tuple[str, ...]:
    """One kind or several as a tuple."""
    return (kind,) if isinstance(kind, str) else tuple(kind)
