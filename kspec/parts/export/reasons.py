"""What a converter says where it fails, in a sentence that tells the reason."""

from __future__ import annotations

import re

NO_OPERATION = re.compile(r'fused\["\w+:", "([^"@]+)[^\n]*\'tf\.(\w+)\' op is neither')
"""In what TensorFlow's converter says: the place and the name of an operation that LiteRT has not."""
KERAS_INT8 = re.compile(
    r'fused\["\w+:", "([^"@]+)[^\n]*op operand #\d+ must be tensor of [^\n]*but got \'tensor<\S*xi8>'
)
"""Also there: the place of a product of int8 numbers, as Keras' own quantized layers compute it."""
NO_RULE = re.compile(r"(?:No conversion rule found for operations: ([^\n]+)|No Op registered for (\w+) with)")
"""In what OpenVINO and onnxruntime say: the names of operations that they have not."""
SAYS_NOTHING = re.compile(r"(Exception from \S+|Check '.*' failed at \S+|FrontEnd API failed with \w+|Summary):")
"""Lines that OpenVINO begins with."""
PLACE = re.compile(r"<unknown>:\d+: error: loc\(.*\): (?=\S)")
LONGEST = 300


def reason_of(error: Exception) -> str:
    """The operations that a format has not, where the error is of them, or the first line that says something."""
    text = str(error)
    if unknown := {name: place for place, name in reversed(NO_OPERATION.findall(text))}:
        places = ", ".join(f"{name} ({place})" for name, place in sorted(unknown.items()))
        return f"LiteRT has no operation for TensorFlow's {places}"
    if place := KERAS_INT8.search(text):
        return (
            f"LiteRT's converter cannot hold Keras' int8 layers ({place[1]}); quantize the float32 model for LiteRT "
            "instead: kspec.quantize, or `quantize: int8` in a spec"
        )
    if absent := NO_RULE.search(text):
        return f"{'OpenVINO' if absent[1] else 'ONNX'} has no operation for TensorFlow's {absent[1] or absent[2]}"
    return _first_line(error)


def _first_line(error: Exception) -> str:
    if isinstance(error, KeyError):  # its text is the key alone
        return f"the converter looks for {error} in vain"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not SAYS_NOTHING.fullmatch(line)] or lines or [type(error).__name__]
    return PLACE.sub("", telling[0])[:LONGEST]
