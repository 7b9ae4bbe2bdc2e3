"""`distill`, in the stages that train: what the network learns from a teacher besides the labels.

distill: {teacher: base, temperature: 4}
distill: {teacher: runs/large/20260101-120000-abcdef, soft: {DecoupledDistillation: {beta: 2}}, hard_weight: 0.5}
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from kspec.errors import Problem
from kspec.spec.base import ListedOrSingle, OneOf, Section, collected, refuse

BASE, PREVIOUS, SELF = "base", "previous", "self"
WORDS = (BASE, PREVIOUS, SELF)
OF_FEATURES = ("FeatureDistillation", "AttentionTransfer")
Weight = Annotated[float, Field(ge=0)]


def _absolute(value: Any) -> Any:
    """A path as `FilePath` has it; the words stay."""
    if isinstance(value, str) and value and value not in WORDS:
        return str(Path(value).expanduser().absolute())
    return value


TeacherName = Annotated[str, BeforeValidator(_absolute), Field(min_length=1)]


class Logits(Section):
    """The teacher's softened prediction (Hinton et al. 2015, arXiv:1503.02531)."""

    temperature: float = Field(default=4.0, gt=0)
    """Higher shows more of what the teacher thinks of the other classes."""
    weight: Weight = 0.9
    """Of this part of the loss."""


class Decoupled(Section):
    """The divergence in its two parts, weighted apart (Zhao et al. 2022, arXiv:2203.08679)."""

    temperature: float = Field(default=4.0, gt=0)
    """As of LogitsDistillation."""
    alpha: Weight = 1.0
    """Weight of the target class against all others."""
    beta: Weight = 8.0
    """Weight of the other classes among each other."""
    weight: Weight = 1.0
    """Of this part of the loss."""


class Features(Section):
    """A feature map of the teacher (Romero et al. 2015, arXiv:1412.6550)."""

    teacher_layer_name: str = Field(min_length=1, examples=["stage2"])
    """A layer of the teacher, whose outputs are (batch, ..., channels)."""
    student_layer_name: str = Field(min_length=1, examples=["stage2"])
    """A layer of the network that is trained."""
    weight: Weight = 1.0
    """Of this part of the loss."""
    projection: bool | None = Field(default=None, examples=[True])
    """A trained linear map to the teacher's width; by default where the widths differ."""


class Attention(Section):
    """Where the teacher looks: the attention map of a layer (Zagoruyko & Komodakis 2017, arXiv:1612.03928)."""

    teacher_layer_name: str = Field(min_length=1, examples=["stage2"])
    """A layer of the teacher, whose outputs are (batch, positions, channels)."""
    student_layer_name: str = Field(min_length=1, examples=["stage2"])
    """A layer of the network that is trained."""
    weight: Weight = 1000.0
    """Of this part of the loss."""


class Soft(OneOf):
    """One loss to the teacher; the names are those of kspec's classes."""

    LogitsDistillation: Logits | None = None
    """The softened prediction."""
    DecoupledDistillation: Decoupled | None = None
    """The prediction, target class and the others apart."""
    FeatureDistillation: Features | None = None
    """A feature map."""
    AttentionTransfer: Attention | None = None
    """An attention map."""


class Distill(Section):
    """A teacher, and how much it counts."""

    teacher: ListedOrSingle[TeacherName] = Field(examples=["base", "runs/large/20260101-120000-abcdef"])
    """`base`: the model of the base training; `previous`: that before this stage; `self`: the moving average of the
    network itself; or the folder of a run or of one of its stages, or a `.keras` file. Of several, the mean speaks."""
    temperature: float | None = Field(default=None, gt=0, examples=[4])
    """Of the softened prediction; short for the key of LogitsDistillation in `soft`."""
    weight: Weight | None = Field(default=None, examples=[0.9])
    """Of the softened prediction; short for the key of LogitsDistillation in `soft`."""
    hard_weight: Weight = 0.1
    """Of the loss to the labels."""
    soft: ListedOrSingle[Soft] | None = Field(default=None, examples=[["DecoupledDistillation"]])
    """Losses to the teacher; by default LogitsDistillation."""
    views: int | None = Field(default=None, ge=1, le=1000, examples=[8])
    """So many augmented views of each example, again and again: the teacher is asked once about each, before the
    training, and not in it. By default every epoch augments anew, and the teacher sees every batch."""
    average_views: bool = False
    """An example is taught the mean of the teacher's answers about its `views`, as over test-time views; the network
    itself sees a new view in every epoch, as there is one answer for all."""
    decay: float | None = Field(default=None, ge=0, le=1, examples=[0.999])
    """Of the moving average that `self` is; by default 0.999."""

    @model_validator(mode="wrap")
    @classmethod
    def _agrees(cls, value: Any, handler: Any) -> Any:
        return collected(handler, value, _problems(value) if isinstance(value, dict) else [])

    @model_validator(mode="after")
    def _remembers_predictions(self) -> Distill:
        inner = [name for name, _ in self.losses if name in OF_FEATURES]
        if self.views is not None and inner:
            message = f"the teacher's answers are kept, and {inner[0]} asks for its features"
            raise refuse(Problem(("views",), message, "losses to its predictions, or no `views`", on_key=True))
        return self

    @property
    def losses(self) -> tuple[tuple[str, Section], ...]:
        """The losses to the teacher, by the names of kspec's classes."""
        if self.soft is not None:
            return tuple(one.chosen for one in self.soft)
        given = {"temperature": self.temperature, "weight": self.weight}
        short = Logits.model_validate({key: value for key, value in given.items() if value is not None})
        return (("LogitsDistillation", short),)


def _problems(tree: dict[str, Any]) -> list[Problem]:
    """Keys that exclude each other."""
    given = {key for key, value in tree.items() if value is not None}
    teachers = tree["teacher"] if isinstance(tree.get("teacher"), list | tuple) else [tree.get("teacher")]
    found = []
    if "soft" in given and (flat := sorted(given & {"temperature", "weight"})):
        message = f"takes the place of {' and '.join(flat)}"
        hint = "soft: {LogitsDistillation: {temperature: 4, weight: 0.9}}"
        found.append(Problem(("soft",), message, "one of the two", "both", hint, on_key=True))
    if SELF in teachers and (len(teachers) > 1 or "views" in given):
        message = "`self` changes with every step: it teaches alone, and about each batch"
        found.append(Problem(("teacher",), message, "one teacher, and no `views`"))
    if tree.get("average_views") and "views" not in given:
        found.append(Problem(("average_views",), "`views` is missing: so many are averaged", "views: 8", on_key=True))
    if "decay" in given and SELF not in teachers:
        found.append(Problem(("decay",), "`teacher: self` is missing: there is no other moving average", on_key=True))
    if not [one for one in teachers if one is not None] and "teacher" in given:
        found.append(Problem(("teacher",), "no teacher is named", "base, previous, self, or a path"))
    return found
