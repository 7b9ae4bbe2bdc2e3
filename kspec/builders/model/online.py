"""Which server a preset comes from, and reading it from the cache alone; else retries go on for half a minute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


def server_of(preset: str, builtin: bool) -> str:
    """The address of the server that holds a preset; "" where it is none that is known here.

    Example:
        server_of("hf://sentence-transformers/all-MiniLM-L6-v2", builtin=False)  # "https://huggingface.co"
    """
    if builtin or preset.startswith("kaggle://"):
        return "https://api.kaggle.com"
    if preset.startswith("hf://"):
        from huggingface_hub import constants

        return str(constants.ENDPOINT)
    return ""


@contextmanager
def cache_only(yes: bool) -> Iterator[None]:
    """In this block Hugging Face's library reads from its cache alone, where `yes`."""
    if not yes:
        yield
        return
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
