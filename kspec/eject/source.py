"""The source of kspec's own parts: the classes and functions that a script names, with all that they need.

What a script needs is found by name: a name that it uses and does not define is a module to import, or a part of
kspec, whose source is taken from its file; of that, again, the names. Nothing else of a file is taken along.
"""

from __future__ import annotations

import ast
import builtins
import importlib.util
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

PACKAGE = "kspec"
Key = tuple[str, str]
"""(module, name) of a definition."""


@dataclass(frozen=True)
class Definition:
    """A class, a function or a constant at the top of a file.

    text: its source, with its decorators, a comment right above and a string right below. line: of the file, where the
    text begins. tree: its syntax.
    """

    text: str
    line: int
    tree: ast.stmt


@dataclass(frozen=True)
class Module:
    """A file of kspec, taken apart.

    definitions: by name.
    imports: name -> (module, name in it), or (module, "") for the module itself. own: the same, of kspec's own.
    modules: name -> the module of kspec that it stands for, whose definitions are written `name.definition`.
    """

    definitions: dict[str, Definition]
    imports: dict[str, tuple[str, str]]
    own: dict[str, Key]
    modules: dict[str, str]


@dataclass
class Taken:
    """The parts in the order in which they can be defined, and the imports they need.

    imports: name -> (module, name in it), or (module, "") for the module itself.
    """

    sources: dict[Key, str] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)


def take(wanted: Iterable[Key]) -> Taken:
    """The source of some parts and of all that they need from kspec, each definition once, needed ones first.

    wanted: (module, name) of each.

    Names that two files use for different things are told apart by the name of the file: `MODES` of crop.py and of
    flip.py become `CROP_MODES` and `FLIP_MODES`.

    Example:
        take([("kspec.parts.schedules", "Warmup")]).sources
    """
    order: dict[Key, None] = {}
    for key in wanted:
        _visit(key, order, ())
    shared = _shared(order)
    taken = Taken()
    written: set[ast.stmt] = set()
    for module, name in order:
        found = parsed(module).definitions[name]
        if found.tree in written:  # one statement that defines two names
            continue
        written.add(found.tree)
        renamed = {used: new for used, key in _references(module, name) if (new := shared.get(key, key[1])) != used}
        taken.sources[module, name] = _rename(found, renamed) if renamed else found.text
        for used in names_in(found.tree):
            if used in parsed(module).imports:
                taken.imports[used] = parsed(module).imports[used]
    return taken


def _visit(key: Key, order: dict[Key, None], above: tuple[Key, ...]) -> None:
    """Depth first; a definition that needs itself, or one that is being visited, is not visited again."""
    if key in order or key in above:
        return
    for _, needed in _references(*key):
        _visit(needed, order, (*above, key))
    order[key] = None


def _references(module: str, name: str) -> Iterator[tuple[str, Key]]:
    """The names in a definition that stand for definitions of kspec, itself included, and what they stand for."""
    found = parsed(module)
    tree = found.definitions[name].tree
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in found.modules:
            yield f"{node.value.id}.{node.attr}", (found.modules[node.value.id], node.attr)
    for used in names_in(tree):
        if used in found.own:
            yield used, found.own[used]
        elif used in found.definitions:
            yield used, (module, used)
    yield name, (module, name)


def _shared(order: Iterable[Key]) -> dict[Key, str]:
    """New names for definitions whose name another file uses too."""
    by_name: dict[str, list[Key]] = {}
    for key in order:
        by_name.setdefault(key[1], []).append(key)
    renamed = {}
    for name, keys in by_name.items():
        for module, _ in keys if len(keys) > 1 else ():
            stem = module.rpartition(".")[2]
            bare = name.lstrip("_")
            lead = "_" * (len(name) - len(bare))
            word = stem.upper() if bare.isupper() else stem.title().replace("_", "") if bare[0].isupper() else stem
            renamed[module, name] = f"{lead}{word}{'' if bare[0].isupper() and not bare.isupper() else '_'}{bare}"
    return renamed


def _rename(found: Definition, renamed: dict[str, str]) -> str:
    """The text of a definition with other names; its tree knows where they stand."""
    tree, start = found.tree, found.line
    lines = found.text.splitlines()
    places = [
        (node.lineno - start, node.col_offset, used)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute) and (used := _written(node)) in renamed
    ]
    if isinstance(tree, ast.ClassDef | ast.FunctionDef) and tree.name in renamed:
        word = "class " if isinstance(tree, ast.ClassDef) else "def "
        places.append((tree.lineno - start, tree.col_offset + len(word), tree.name))
    for line, column, name in sorted(places, reverse=True):
        # Columns of the tree count bytes of UTF-8.
        column = len(lines[line].encode()[:column].decode())
        lines[line] = lines[line][:column] + renamed[name] + lines[line][column + len(name) :]
    return "\n".join(lines)


def _written(node: ast.Name | ast.Attribute) -> str:
    """`name`, or `name.attribute`; "" for an attribute of anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{node.value.id}.{node.attr}" if isinstance(node.value, ast.Name) else ""


def names_in(tree: ast.AST) -> list[str]:
    """The names that some code uses, in their order, each once; not those that are built in."""
    found = (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    return [name for name in dict.fromkeys(found) if not hasattr(builtins, name)]


@cache
def parsed(module: str) -> Module:
    """A module of kspec, taken apart."""
    spec = importlib.util.find_spec(module)
    text = Path(spec.origin).read_text(encoding="utf-8") if spec is not None and spec.origin else ""
    lines = text.splitlines()
    found = Module({}, {}, {}, {})
    body = ast.parse(text).body
    for number, node in enumerate(body):
        if isinstance(node, ast.Import | ast.ImportFrom):
            _read_import(node, found)
            continue
        follower = body[number + 1] if number + 1 < len(body) else None
        is_told = isinstance(node, ast.Assign | ast.AnnAssign) and follower is not None and _is_text(follower)
        end = follower.end_lineno if is_told and follower is not None else node.end_lineno
        for name in _names_of(node):
            first = _first_line(node)
            while lines[first - 2].startswith("#"):  # a comment right above belongs to it
                first -= 1
            source = "\n".join(lines[first - 1 : end])
            found.definitions[name] = Definition(source, first, node)
    return found


def _read_import(node: ast.Import | ast.ImportFrom, found: Module) -> None:
    for alias in node.names:
        called = alias.asname or alias.name
        if isinstance(node, ast.Import):
            found.imports[called] = (alias.name, "")
        elif str(node.module).startswith(f"{PACKAGE}.") and _is_module(f"{node.module}.{alias.name}"):
            found.modules[called] = f"{node.module}.{alias.name}"
        elif str(node.module).startswith(f"{PACKAGE}."):
            found.own[called] = (str(node.module), alias.name)
        elif node.module != "__future__":
            found.imports[called] = (str(node.module), alias.name)


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # what it would be in is a module, no package
        return False


def _names_of(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        targets = [inner for target in node.targets for inner in ast.walk(target)]
        return [target.id for target in targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _first_line(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, ast.ClassDef | ast.FunctionDef) else []
    return min([node.lineno, *(one.lineno for one in decorators)])
