"""The words of the mutations: what stands in specs, looks like it, breaks a parser, or leads out of a folder."""

ODD = (
    "\x00", "\x07", "\x1b[31m", "\x7f", "\x85", "\u2028", "\ufeff", "\u200b", "\u202e", "\ud7ff", "\uffff", "é", "名",
    "😀", "\t", "\r", "\r\n", "\n", "  ", "\n\n", "\n ", "#", " #", ":", ": ", "::", "-", "- ", "? ", ",", "[", "]",
    "{", "}", "''", '"', "'", "|", ">", "&a ", "*a ", "*", "!", "!!", "!!str ", "%", "@", "`", "<<: ", "---\n",
    "...\n", "%YAML 1.1\n", "~",
)  # fmt: skip
"""Pieces of text that mean something to YAML or to a terminal, or that nobody sees."""
TAGS = (
    "!!python/object/apply:os.system", "!!python/name:os.system", "!!python/module:os", "!!python/tuple", "!!binary",
    "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!!set", "!!omap", "!!timestamp", "!local",
    "!<x>",
)  # fmt: skip
SCALARS = (
    "yes", "no", "on", "off", "y", "n", "Null", "~", "", "TRUE", "012", "0o17", "0x1F", "0b11", "1_000", "12:30",
    "1:2:3", "2026-01-01", "2001-12-14t21:59:43.10-05:00", ".inf", "-.INF", ".nan", "1e400", "-1e-400", "1e3", "+1",
    "-0", "1.", "9" * 30, "9" * 2000, "0x" + "f" * 300, "=", "<<", "1e", "e1", "0.1.2", "١٢", "1 epoch", "5 %", "50%",
    "-3 steps", "1e9 epochs", "nan%", "1 e 3 steps", "train[", "train[:", "train[5:1]", "train[::2]", "train[-1%:]",
    "a+b", "train[1e9:]", '"\\x41"', '"\\u0000"', '"\\q"', "'it''s'", "'open", '"open', "|\n      a", ">-\n   b", "[",
    "{a", "{a: 1", "[[]]", "{}", "../../etc/passwd", "/etc/passwd", "~root", "C:\\x", "a/../../b", "*", "**", "?",
    "(a+)+$", "%s%n", "{0.__class__}", "${HOME}",
)  # fmt: skip
"""Values that YAML 1.1, YAML 1.2 and people read in different ways, break a parser, or lead out of a folder."""
NUMBERS = (
    0, 1, -1, 2, 7, 100, 2147483647, 2147483648, 9223372036854775808, -9223372036854775808,
    1000000000000000000000000000000, 0.0, -0.0, 0.5, 1.0, 1.5, -0.5, 1e-300, 1e+300, 5e-324, float("inf"),
    float("-inf"), float("nan"), True, False, None,
)  # fmt: skip
WORDS = (
    "", " ", "a", "auto", "null", "none", "test", "train[:90%]", "train[90%:]", "train+test", "val_loss", "loss",
    "relu", "previous", "2 epochs", "10 steps", "10%", "101%", "-1 steps", "1e400 epochs", "x" * 5000, "a/b", "../a",
    "/etc/passwd", "~", "a\nb", "\x1b[2J", "é" * 50, "__class__", "os.system", "keras.layers:Lambda", "hf://a/b",
    "{epoch.__class__}", "Lambda", "TFSMLayer",
)  # fmt: skip
KEYS = (
    "name", "seed", "data", "model", "training", "device", "evaluate", "tune", "network", "component", "arguments",
    "inputs", "layers", "file", "~data", "~", "~a.b", "extends", "", ".", "a.b", "a[0]", "0", "*/kernel", "__init__",
    "model_config", "self", "x" * 3000, "É",
)  # fmt: skip
