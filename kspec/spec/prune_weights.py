"""`prune_weights`, a stage: weights of small magnitude become zero while the model trains on.

- prune_weights: {sparsity: 0.8, epochs: 4}
- prune_weights: {schedule: {PolynomialDecay: {final_sparsity: 0.9, end: 2 epochs}}, epochs: 3}
"""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from kspec.errors import Problem
from kspec.spec.forms import exactly_one
from kspec.spec.pruning import PolynomialSparsity, Pruning, PruningSchedule, Share, problems_of
from kspec.spec.retraining import Retraining


class PruneWeights(Pruning, Retraining):
    """Weights of small magnitude become zero while the model trains on: the keys of `training.pruning` and `train`."""

    model_config = ConfigDict(json_schema_extra=exactly_one(("sparsity", "schedule", "sparsity_m_by_n")))

    sparsity: Share | None = Field(default=None, examples=[0.8])
    """The share of zeros at the end, on the way of `PolynomialDecay`; in place of a schedule."""

    @classmethod
    def unfit(cls, tree: dict[str, Any]) -> list[Problem]:
        """As in `training.pruning`, where `sparsity` stands for a schedule."""
        if tree.get("sparsity") is None:
            return problems_of(tree, "sparsity: 0.8")
        problems = problems_of({**tree, "schedule": {}, "sparsity_m_by_n": None})
        others = [key for key in ("schedule", "sparsity_m_by_n") if tree.get(key) is not None]
        if others:
            message = f"takes the place of {' and '.join(others)}"
            problems.append(Problem(("sparsity",), message, "one of the two", "both", on_key=True))
        return problems

    @property
    def pruning(self) -> Pruning:
        """The section as `training.pruning` has it."""
        given = {key: getattr(self, key) for key in Pruning.model_fields}
        if self.sparsity is not None:
            given["schedule"] = PruningSchedule(PolynomialDecay=PolynomialSparsity(final_sparsity=self.sparsity))
        return Pruning.model_construct(_fields_set=self.model_fields_set & set(given), **given)
