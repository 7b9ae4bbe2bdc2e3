"""One case of the fuzzer: files and overrides, a function of the seed and its number alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

import yaml

from kspec.text import dump, read_text
from tests.fuzz import corpus, text_mutations, tree_mutations, words

MAIN = "spec.yaml"
KINDS = ("text", "text", "tree", "tree", "tree", "tree", "overrides", "extends")


@dataclass(frozen=True)
class Case:
    """What is given to kspec.

    files: name -> bytes, `spec.yaml` is the one that is read. overrides: as on the command line.
    kind: how it was made. source: the text it was made from.
    """

    files: dict[str, bytes]
    overrides: tuple[str, ...] = ()
    kind: str = "text"
    source: str = ""


def make(number: int, seed: int, *, small: bool = False) -> Case:
    """Case `number` of the run with this seed. small: from the specs that build in a second, valid YAML only."""
    random = Random(f"{seed}:{number}:{small}")
    # Half of them from valid specs: two mistakes in one text hide each other.
    source = random.choice(list(corpus.SMALL if small else corpus.valid() if random.random() < 0.5 else corpus.texts()))
    text = corpus.texts()[source]
    kind = "tree" if small else random.choice(KINDS)
    files, overrides = MAKERS[kind](random, text)
    return Case(files, overrides, kind, source)


def _text(random: Random, text: str) -> tuple[dict[str, bytes], tuple[str, ...]]:
    return {MAIN: text_mutations.mutated(random, text)}, ()


def _tree(random: Random, text: str) -> tuple[dict[str, bytes], tuple[str, ...]]:
    tree = tree_mutations.mutated(random, tree_of(text))
    return {MAIN: written(random, tree)}, ()


def _overrides(random: Random, text: str) -> tuple[dict[str, bytes], tuple[str, ...]]:
    tree = tree_of(text)
    return {MAIN: text.encode()}, tuple(override(random, tree) for _ in range(random.randint(1, 3)))


def _extends(random: Random, text: str) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """A chain or a list of parents, with mutations in any of them, loops and odd names among them."""
    names = [MAIN, *[f"base{n}.yaml" for n in range(random.randint(1, 4))]]
    odd = (
        ".",
        "..",
        "/dev/null",
        "/dev/zero",
        "/proc/self/mem",
        "missing.yaml",
        "",
        MAIN,
        "base0.yaml\x00",
        "*.yaml",
        3,
        None,
        [],
        {},
    )
    files = {}
    for number, name in enumerate(names):
        tree = tree_of(text if number == len(names) - 1 else random.choice(list(corpus.texts().values())))
        if random.random() < 0.4:
            tree = tree_mutations.mutated(random, tree)
        parent: Any = names[number + 1] if number + 1 < len(names) else None
        if random.random() < 0.15:
            parent = random.choice((*odd, names, names[1:] * 30))
        if isinstance(tree, dict) and parent is not None:
            removal = (
                {random.choice(("~model", "~data.tfds", "~x", "~training.callbacks[0]", "~")): None}
                if random.random() < 0.2
                else {}
            )
            tree = {"extends": parent, **removal, **tree}
        files[name] = written(random, tree)
        if random.random() < 0.1:
            files[name] = text_mutations.mutated(random, files[name].decode("utf-8", errors="replace"))
    return files, (override(random, tree_of(text)),) if random.random() < 0.2 else ()


MAKERS = {"text": _text, "tree": _tree, "overrides": _overrides, "extends": _extends}


@cache
def _parsed(text: str) -> Any:
    try:
        return read_text(text).tree
    except Exception:  # a text of tests/errors that is no YAML for kspec; PyYAML may be more patient
        try:
            return json.loads(json.dumps(yaml.safe_load(text), default=str))
        except Exception:
            return {"data": {"sklearn": "digits"}, "model": "MLP"}


def tree_of(text: str) -> Any:
    """The tree of a text of the corpus; that of a small spec where it has none."""
    return _parsed(text) or {"data": {"sklearn": "iris"}, "model": "MLP"}


def written(random: Random, tree: Any) -> bytes:
    """The tree as YAML, in one of the styles a person or a program writes."""
    style = random.randrange(4)
    if style == 0:
        return json.dumps(tree, indent=random.choice((None, 1)), ensure_ascii=random.random() < 0.5).encode(
            "utf-8", "replace"
        )
    if style == 1:
        return yaml.safe_dump(tree, default_flow_style=random.choice((True, False, None)), sort_keys=False).encode(
            "utf-8", "replace"
        )
    try:
        return dump(tree).encode("utf-8", "replace")
    except yaml.YAMLError:
        return json.dumps(tree).encode()


def override(random: Random, tree: Any) -> str:
    """`key.path=value` or `~key.path`, of a key that the tree has or of none."""
    paths = tree_mutations.places(tree)
    path = random.choice(paths) if paths and random.random() < 0.8 else (random.choice(words.KEYS),)
    address = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)[1:]
    if random.random() < 0.2:
        address = random.choice(
            (
                address + ".x",
                address + "[9]",
                address.upper(),
                f'"{address}"',
                address + ".",
                "[0]",
                "a" * 3000,
                "." * 80,
            )
        )
    if random.random() < 0.2:
        return f"~{address}"
    value = random.choice(
        (
            lambda: random.choice(words.SCALARS),
            lambda: json.dumps(tree_mutations.any_value(random)),
            lambda: random.choice(words.ODD),
            lambda: random.choice(words.TAGS) + " x",
        )
    )()
    return f"{address}{random.choice(('=', '=', '=', '=', '==', ' = ', ''))}{value}"
