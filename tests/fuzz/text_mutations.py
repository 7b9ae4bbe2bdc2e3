"""Mutations of the bytes and of the YAML text: what a slip of the editor, a bad copy or an attacker makes of a file."""

from __future__ import annotations

from random import Random

from tests.fuzz.words import ODD, SCALARS, TAGS


def mutated(random: Random, text: str) -> bytes:
    """One to four mutations of the text, then perhaps one of its bytes."""
    for _ in range(random.choice((1, 1, 2, 4))):
        text = random.choice(TEXT)(random, text)
    data = text.encode("utf-8", errors="surrogatepass")
    return random.choice(BYTES)(random, data) if random.random() < 0.2 else data


def _place(random: Random, text: str) -> int:
    return random.randint(0, len(text))


def insert(random: Random, text: str) -> str:
    at = _place(random, text)
    return text[:at] + random.choice(ODD) * random.choice((1, 1, 1, 3, 60)) + text[at:]


def delete(random: Random, text: str) -> str:
    at = _place(random, text)
    return text[:at] + text[at + random.choice((1, 1, 2, 5, 40)) :]


def duplicate(random: Random, text: str) -> str:
    at, end = sorted((_place(random, text), _place(random, text)))
    return text[:end] + text[at:end] + text[end:]


def truncate(random: Random, text: str) -> str:
    return text[: _place(random, text)]


def swap_lines(random: Random, text: str) -> str:
    lines = text.splitlines(keepends=True) or [""]
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return "".join(lines)


def repeat_line(random: Random, text: str) -> str:
    lines = text.splitlines(keepends=True) or [""]
    at = random.randrange(len(lines))
    return "".join([*lines[:at], *[lines[at]] * random.choice((2, 2, 3, 200)), *lines[at + 1 :]])


def indent_line(random: Random, text: str) -> str:
    lines = text.splitlines(keepends=True) or [""]
    at = random.randrange(len(lines))
    lines[at] = random.choice((" ", "  ", "\t", "   ", "")) + lines[at].lstrip(random.choice((" ", "")))
    return "".join(lines)


def replace_value(random: Random, text: str) -> str:
    """Another scalar behind one of the colons."""
    lines = text.splitlines(keepends=True)
    found = [number for number, line in enumerate(lines) if ": " in line and not line.startswith("#")]
    if not found:
        return text + random.choice(SCALARS)
    at = random.choice(found)
    key = lines[at].split(": ", 1)[0]
    lines[at] = f"{key}: {random.choice(SCALARS)}\n"
    return "".join(lines)


def tag_value(random: Random, text: str) -> str:
    """A tag, an anchor or an alias before one of the values."""
    places = [at + 2 for at in range(len(text) - 1) if text[at : at + 2] == ": "]
    at = random.choice(places) if places else 0
    return (
        text[:at]
        + random.choice((*TAGS, "&a", "*a", "&b [1, *b]", "<<: *a", "!!python/object/new:os.system [x]"))
        + " "
        + text[at:]
    )


def bomb(random: Random, text: str) -> str:
    """Anchors that double (or worse) at each level, deep nesting, or a very long text."""
    kind = random.randrange(5)
    if kind == 0:
        levels = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, random.randint(2, 12)))
        return "x0: &x0 [a, b]\n" + levels + text
    if kind == 1:
        deep = random.choice((40, 49, 60, 3000))
        return text + "deep: " + "[" * deep + "]" * random.choice((deep, 0)) + "\n"
    if kind == 2:
        return text + "".join(f"{' ' * n}k:\n" for n in range(random.choice((30, 60, 400))))
    if kind == 3:
        return text + "long: " + random.choice("ax *") * random.choice((5_000, 100_000)) + "\n"
    return text + "".join(f"k{n}: {n}\n" for n in range(random.choice((200, 12_000))))


def documents(random: Random, text: str) -> str:
    mark = random.choice(("---\n", "...\n", "--- \n---\n", "%YAML 1.2\n---\n", "%TAG ! tag:x,2002:\n---\n"))
    return mark + text if random.random() < 0.5 else text + mark + text


def line_ends(random: Random, text: str) -> str:
    return text.replace("\n", random.choice(("\r\n", "\r", "\u2028", "\x85", "\n\n", "\v")))


def flip_bit(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data)) if data else 0
    return data[:at] + bytes([(data[at] if data else 0) ^ (1 << random.randrange(8))]) + data[at + 1 :]


def other_encoding(random: Random, data: bytes) -> bytes:
    text = data.decode("utf-8", errors="replace")
    return text.encode(
        random.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1", "utf-7")), errors="replace"
    )


def random_bytes(random: Random, data: bytes) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + random.randbytes(random.choice((1, 2, 8, 200))) + data[at:]


TEXT = (
    *(insert, insert, delete, duplicate, truncate, swap_lines, repeat_line, indent_line),
    *(replace_value, replace_value, replace_value, tag_value, bomb, documents, line_ends),
)
BYTES = (flip_bit, other_encoding, random_bytes)
