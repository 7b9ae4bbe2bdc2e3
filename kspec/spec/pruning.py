"""`training.pruning`: weights of small magnitude become zero while the model trains, as in TF-MOT.

pruning:
  schedule: {PolynomialDecay: {final_sparsity: 0.8, end: 75%}}
  exclude: ["predictions/*"]
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from kspec.errors import Problem
from kspec.spec.base import ListedOrSingle, OneOf, Section, collected
from kspec.spec.duration import Duration, Interval, Span
from kspec.spec.forms import exactly_one

Share = Annotated[float, Field(ge=0, lt=1)]
Side = Annotated[int, Field(ge=1)]


class PolynomialSparsity(Section):
    """From initial to final sparsity, fast at first (Zhu & Gupta 2017, arXiv:1710.01878)."""

    final_sparsity: Share = Field(examples=[0.8])
    """The share of zeros at the end."""
    initial_sparsity: Share = 0.0
    """The share of zeros at the beginning."""
    power: float = Field(default=3.0, gt=0)
    """The exponent: higher is faster at first."""
    begin: Duration = Span(value=0.0, unit="fraction")
    """When the sparsity begins to rise; moved by less than `frequency`, so that masks are renewed at `end` exactly."""
    end: Duration = Span(value=0.75, unit="fraction")
    """When the sparsity is final; what is left of the training mends the loss."""
    frequency: Interval = Span(value=0.02, unit="fraction")
    """How often the masks are renewed."""


class SteadySparsity(Section):
    """The same sparsity from the beginning on."""

    target_sparsity: Share = Field(examples=[0.5])
    """The share of zeros."""
    begin: Duration = Span(value=0.0, unit="fraction")
    """When pruning begins."""
    end: Duration = Span(value=1.0, unit="fraction")
    """When the masks are renewed for the last time."""
    frequency: Interval = Span(value=0.02, unit="fraction")
    """How often the masks are renewed."""


class PruningSchedule(OneOf):
    """How sparse at which step; the names are TF-MOT's."""

    PolynomialDecay: PolynomialSparsity | None = None
    """The sparsity rises."""
    ConstantSparsity: SteadySparsity | None = None
    """The sparsity stays."""


class Pruning(Section):
    """Weights of small magnitude become zero while the model trains, with the meaning of TF-MOT."""

    model_config = ConfigDict(json_schema_extra=exactly_one(("schedule", "sparsity_m_by_n")))

    schedule: PruningSchedule | None = Field(
        default=None, examples=[{"PolynomialDecay": {"final_sparsity": 0.8, "end": "75%"}}]
    )
    """How sparse at which step."""
    match: Literal["auto"] | ListedOrSingle[str] = Field(default="auto", examples=[["*/kernel"]])
    """Patterns over weight paths; `auto` is all kernels but depthwise ones, and embeddings."""
    exclude: ListedOrSingle[str] = Field(default=(), examples=[["predictions/*"]])
    """Patterns of weights that stay dense."""
    layers: dict[str, Share] = Field(default={}, examples=[{"predictions/*": 0.5}])
    """Pattern: the final sparsity of its weights, in place of the schedule's; 0 leaves them dense."""
    scope: Literal["layer", "global"] = "layer"
    """`layer`: every weight gets the sparsity; `global`: all together, so that some keep more than others."""
    block_size: tuple[Side, Side] = Field(default=(1, 1), examples=[[4, 1]])
    """Rows and columns of blocks that stay or go together; matrices only."""
    block_pooling_type: Literal["AVG", "MAX"] = "AVG"
    """What counts of a block: the mean or the largest magnitude."""
    sparsity_m_by_n: tuple[Side, Side] | None = Field(default=None, examples=[[2, 4]])
    """m zeros among every n weights along the inputs, from the first step on, in place of a schedule."""
    engine: Literal["auto", "tfmot", "native"] = "auto"
    """`tfmot` runs TF-MOT's own code (TensorFlow only), `native` the same rule; the masks are the same to the bit.

    `native` renews them about eight times as fast, which shows in networks of large dense layers.
    """

    @model_validator(mode="wrap")
    @classmethod
    def _one_rule(cls, value: Any, handler: Any) -> Any:
        if not isinstance(value, dict):
            return handler(value)
        filled = with_tuples(value)
        return collected(handler, filled, cls.unfit(filled))

    @classmethod
    def unfit(cls, tree: dict[str, Any]) -> list[Problem]:
        """Keys that exclude or need each other, which pydantic cannot see."""
        return problems_of(tree)


SIDES = ("block_size", "sparsity_m_by_n")


def with_tuples(tree: dict[str, Any]) -> dict[str, Any]:
    """A section with its pairs as tuples."""
    return {key: tuple(one) if key in SIDES and isinstance(one, list) else one for key, one in tree.items()}


def problems_of(tree: dict[str, Any], *more: str) -> list[Problem]:
    """What pydantic cannot see: keys that exclude or need each other. more: what says how much to prune, too."""
    found = []
    given = {key: value for key, value in tree.items() if value is not None}
    m_by_n, has_blocks = given.get("sparsity_m_by_n"), given.get("block_size", (1, 1)) != (1, 1)
    if m_by_n is None and "schedule" not in given:
        known = (*more, "a schedule, e.g. {PolynomialDecay: {final_sparsity: 0.8}}", "or sparsity_m_by_n: [2, 4]")
        expected = ", ".join(known)
        found.append(Problem((), "what says how much to prune is missing", expected, on_key=True))
    if m_by_n is not None:
        if "schedule" in given:
            message = "sparsity_m_by_n prunes once, at the first step: it takes the place of a schedule"
            found.append(Problem(("schedule",), message, "one of the two", "both", on_key=True))
        if _are_integers(m_by_n) and not m_by_n[0] < m_by_n[1]:
            message = "m zeros among n weights leave none"
            found.append(
                Problem(("sparsity_m_by_n",), message, "[m, n] with m below n, e.g. [2, 4]", str(list(m_by_n)))
            )
        if has_blocks:
            found.append(Problem(("block_size",), "does not go with sparsity_m_by_n", "one of the two", "both"))
    if given.get("scope") == "global" and (m_by_n is not None or has_blocks):
        message = "ranks single weights: it goes with neither block_size nor sparsity_m_by_n"
        found.append(Problem(("scope",), message, "layer", "global"))
    return found


def _are_integers(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(isinstance(one, int) for one in value)
