"""The tables of `kspec bench`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from kspec.commands.console import say, show

Row = Mapping[str, Any]


def show_all(result: Row) -> None:
    """Prints the models, the variants, what was measured on, and which is fastest."""
    say("")
    show(_models(result["models"]))
    show(_variants(result["variants"]))
    say(measured_on(result["machine"], result["rounds"]))
    for one in dict.fromkeys(f"{label(row)}: {row['note']}" for row in result["variants"] if row["note"]):
        say(f"note: {one}")
    for size in result["variants"][0]["latency_ms"]:
        say(verdict(result["variants"], size))


def measured_on(machine: Row, rounds: int) -> str:
    """What latencies were measured on, and how, in a sentence or two."""
    is_busy = machine["load"] is not None and machine["load"] > machine["threads"] + 0.5
    busy = f"; the machine was busy (load {machine['load']})" if is_busy else ""
    return f"{machine['processor']}, {machine['threads']} threads{busy}. Medians over {rounds} rounds, all in turn."


def metric_of(variants: Sequence[Row]) -> tuple[str, str]:
    """Split and name of the metric that the table shows: the first one of test, or of validation; else the loss."""
    metrics = variants[0]["metrics"]
    split = "test" if "test" in metrics else "validation"
    names = [name for name in metrics.get(split) or () if name != "loss"]
    return split, (names or ["loss"])[0]


def verdict(variants: Sequence[Row], size: str) -> str:
    """Which variant is fastest for a batch size, or that nothing is faster than Keras."""
    best = max(variants, key=lambda one: one["faster"][size])
    if best["faster"][size] <= 1 or best["is_baseline"]:
        return f"batch {size}: none is faster than the base model in Keras"
    return f"batch {size}: {label(best)} is {best['faster'][size]:.1f} times as fast as the base model in Keras"


def label(row: Row) -> str:
    """A variant in words: `export, litert int8`."""
    what = row["runtime"] if row["form"] == "keras" else f"{row['form']} {row['precision']}"
    return f"{row['model']}, {what}"


def _models(models: Sequence[Row]) -> Table:
    table = Table(title="models", title_style="bold", title_justify="left")
    table.add_column("model", style="cyan")
    for column in ("parameters", "nonzeros", "MACs", "file kB", "gzip kB"):
        table.add_column(column, justify="right")
    for one in models:
        products = "-" if one["macs"] is None else f"{one['macs']:,}"
        table.add_row(
            one["model"], f"{one['parameters']:,}", f"{one['nonzeros']:,}", products, _kb(one["size"]), _kb(one["gzip"])
        )
    return table


def _variants(variants: Sequence[Row]) -> Table:
    split, name = metric_of(variants)
    sizes = list(variants[0]["latency_ms"])
    table = Table(title="ms a batch, p50 / p95; times as fast as the base model in Keras", title_style="bold",
                  title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))  # fmt: skip
    table.add_column("model", style="cyan", no_wrap=True)
    table.add_column("runtime", overflow="fold", min_width=10)  # the one that is folded where the terminal is narrow
    table.add_column("precision", no_wrap=True)
    table.add_column("kB / gzip", justify="right", no_wrap=True)
    table.add_column(f"{split}\n{name}", justify="right", no_wrap=True)
    for size in sizes:
        table.add_column(f"batch {size}", justify="right", no_wrap=True)
        table.add_column("faster", justify="right", no_wrap=True)
    for one in variants:
        timed = [cell for size in sizes for cell in (_latency(one["latency_ms"][size]), _faster(one, size))]
        value = one["metrics"].get(split, {}).get(name)
        score = "-" if value is None else f"{value:.4f}"
        table.add_row(
            one["model"], _runtime(one), one["precision"], f"{_kb(one['size'])} / {_kb(one['gzip'])}", score, *timed
        )
    return table


def _runtime(one: Row) -> str:
    """The way of Keras; of another runtime the name, for the version is in the JSON file."""
    words = str(one["runtime"]).split()
    return words[1] if one["form"] == "keras" else words[0]


def _latency(one: Row) -> str:
    return f"{ms(one['p50'])} / {ms(one['p95'])}"


def ms(value: float) -> str:
    """Milliseconds, in three digits or so."""
    places = next((places for below, places in ((0.1, 4), (1, 3), (10, 2)) if value < below), 1)
    return f"{value:.{places}f}"


def _faster(one: Row, size: str) -> str:
    """Of what is no faster, "none"."""
    factor = one["faster"][size]
    if one["is_baseline"]:
        return "" if factor < 1 else "1"
    return f"{factor:.1f}" if factor >= 1.05 else "none"


def _kb(size: int) -> str:
    return f"{size / 1000:,.0f}" if size >= 10_000 else f"{size / 1000:.1f}"
