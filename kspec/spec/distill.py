"""`distill`, in the stages that train: what the network learns from a teacher besides the labels.

distill: {teacher: base, temperature: 4}
distill: {teacher: runs/large/20260101-120000-abcdef, soft: {DecoupledDistillation: {beta: 2}}, hard_weight: 0.5}
distill: {teacher: [base, previous], teacher_weights: [1, 3], weight: {initial: 0, final: 0.9, end: 2 epochs}}
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from kspec.catalog.types import quoted
from kspec.errors import Problem
from kspec.spec.base import Listed, ListedOrSingle, OneOf, Section, collected, refuse
from kspec.spec.duration import Duration, Span, as_tree
from kspec.spec.forms import or_value

BASE, PREVIOUS, SELF = "base", "previous", "self"
WORDS = (BASE, PREVIOUS, SELF)
OF_CLASSES = ("LogitsDistillation", "DecoupledDistillation")
OF_NUMBERS = "PredictionDistillation"
OF_FEATURES = ("FeatureDistillation", "AttentionTransfer")
Number = Annotated[float, Field(ge=0)]


class ScheduledWeight(Section):
    """A weight, and how it changes in the training; a number stays what it is."""

    model_config = ConfigDict(json_schema_extra=or_value("final", {"type": "number", "minimum": 0}))

    final: Number = Field(examples=[0.9])
    """The weight from `end` on."""
    initial: Number | None = Field(default=None, examples=[0.0])
    """The weight until `begin`; by default it is `final` from the first step on."""
    begin: Duration = Span(value=0.0, unit="fraction")
    """When it begins to change."""
    end: Duration = Span(value=1.0, unit="fraction")
    """When it is final; 100% is the last step."""
    curve: Literal["linear", "cosine"] = "linear"
    """The way from `initial` to `final`: a straight line, or half a cosine."""

    @model_validator(mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        if isinstance(value, dict | ScheduledWeight):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return {"final": value}
        expected = "a number of at least 0, or e.g. {initial: 0, final: 0.9, end: 2 epochs}"
        raise refuse(Problem((), "not a weight", expected, quoted(value)), value)

    @model_validator(mode="after")
    def _changes(self) -> ScheduledWeight:
        if self.initial is None and (said := sorted(self.model_fields_set & {"begin", "end", "curve"})):
            message = "`initial` is missing: without it the weight does not change"
            raise refuse(Problem((said[0],), message, "initial: 0, or the weight as a number", on_key=True))
        if self.begin.unit == self.end.unit and self.begin.value >= self.end.value:
            message = "the weight changes between `begin` and `end`"
            raise refuse(Problem(("end",), message, f"more than {as_tree(self.begin)}", str(as_tree(self.end))))
        return self


def _as_written(weight: ScheduledWeight | None) -> Any:
    """A number where the weight does not change."""
    return weight.final if weight is not None and weight.initial is None else weight


Weight = Annotated[ScheduledWeight, PlainSerializer(_as_written)]


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
    weight: Weight = ScheduledWeight(final=0.9)
    """Of this part of the loss."""


class Decoupled(Section):
    """The divergence in its two parts, weighted apart (Zhao et al. 2022, arXiv:2203.08679)."""

    temperature: float = Field(default=4.0, gt=0)
    """As of LogitsDistillation."""
    alpha: Number = 1.0
    """Weight of the target class against all others."""
    beta: Number = 8.0
    """Weight of the other classes among each other."""
    weight: Weight = ScheduledWeight(final=1.0)
    """Of this part of the loss."""


class Predictions(Section):
    """The teacher's numbers: the mean squared difference (Ba & Caruana 2014, arXiv:1312.6184)."""

    weight: Weight = ScheduledWeight(final=0.9)
    """Of this part of the loss."""


class Features(Section):
    """A feature map of the teacher (Romero et al. 2015, arXiv:1412.6550)."""

    teacher_layer_name: str = Field(min_length=1, examples=["stage2"])
    """A layer of the teacher, whose outputs are (batch, ..., channels)."""
    student_layer_name: str = Field(min_length=1, examples=["stage2"])
    """A layer of the network that is trained."""
    weight: Weight = ScheduledWeight(final=1.0)
    """Of this part of the loss."""
    projection: bool | None = Field(default=None, examples=[True])
    """A trained linear map to the teacher's width; by default where the widths differ."""


class Attention(Section):
    """Where the teacher looks: the attention map of a layer (Zagoruyko & Komodakis 2017, arXiv:1612.03928)."""

    teacher_layer_name: str = Field(min_length=1, examples=["stage2"])
    """A layer of the teacher, whose outputs are (batch, positions, channels)."""
    student_layer_name: str = Field(min_length=1, examples=["stage2"])
    """A layer of the network that is trained."""
    weight: Weight = ScheduledWeight(final=1000.0)
    """Of this part of the loss."""


class Soft(OneOf):
    """One loss to the teacher; the names are those of kspec's classes."""

    LogitsDistillation: Logits | None = None
    """The softened prediction."""
    DecoupledDistillation: Decoupled | None = None
    """The prediction, target class and the others apart."""
    PredictionDistillation: Predictions | None = None
    """The prediction as it is, for a regression."""
    FeatureDistillation: Features | None = None
    """A feature map."""
    AttentionTransfer: Attention | None = None
    """An attention map."""


class Distill(Section):
    """A teacher, and how much it counts."""

    teacher: ListedOrSingle[TeacherName] = Field(examples=["base", "runs/large/20260101-120000-abcdef"])
    """`base`: the model of the base training; `previous`: that before this stage; `self`: the moving average of the
    network itself; or the folder of a run or of one of its stages, or a `.keras` file. Of several, the mean speaks."""
    teacher_weights: Listed[Number] | None = Field(default=None, examples=[[1, 3]])
    """How much each of several teachers counts in their mean; by default all the same."""
    temperature: float | None = Field(default=None, gt=0, examples=[4])
    """Of the softened prediction; short for the key of LogitsDistillation in `soft`."""
    weight: Weight | None = Field(default=None, examples=[0.9, {"initial": 0, "final": 0.9, "end": "2 epochs"}])
    """Of the softened prediction; short for the key of LogitsDistillation in `soft`, in a regression for that of
    PredictionDistillation."""
    hard_weight: Weight = ScheduledWeight(final=0.1)
    """Of the loss to the labels."""
    soft: ListedOrSingle[Soft] | None = Field(default=None, examples=[["DecoupledDistillation"]])
    """Losses to the teacher; by default LogitsDistillation, in a regression PredictionDistillation."""
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
    def _fits_together(self) -> Distill:
        if found := [*_unfit_losses(self), *_unfit_weights(self)]:
            raise refuse(found)
        return self

    def losses(self, *, regression: bool) -> tuple[tuple[str, Any], ...]:
        """The losses to the teacher, by the names of kspec's classes. regression: whether the task is one."""
        if self.soft is not None:
            return tuple(one.chosen for one in self.soft)
        name, section = (OF_NUMBERS, Predictions) if regression else (OF_CLASSES[0], Logits)
        keys = set(section.model_fields) & {"temperature", "weight"}
        given = {key: value for key in keys if (value := getattr(self, key)) is not None}
        return ((name, section(**given)),)


def _unfit_losses(section: Distill) -> list[Problem]:
    names = [one.chosen[0] for one in section.soft or ()]
    found = []
    if section.views is not None and (inner := [name for name in names if name in OF_FEATURES]):
        message = f"the teacher's answers are kept, and {inner[0]} asks for its features"
        found.append(Problem(("views",), message, "losses to its predictions, or no `views`", on_key=True))
    if OF_NUMBERS in names and (of_classes := [name for name in names if name in OF_CLASSES]):
        message = f"{of_classes[0]} softens the prediction, and {OF_NUMBERS} takes it as it is"
        found.append(Problem(("soft",), message, "one of the two", "both", on_key=True))
    return found


def _unfit_weights(section: Distill) -> list[Problem]:
    weights, count = section.teacher_weights, len(section.teacher)
    if weights is None:
        return []
    if section.teacher == (SELF,):
        message = "`self` teaches alone"
        return [Problem(("teacher_weights",), message, "no teacher_weights", on_key=True)]
    if len(weights) != count:
        message = f"a {'weight' if len(weights) < count else 'teacher'} is missing: each teacher has one weight"
        return [Problem(("teacher_weights",), message, f"a list of {count}", f"a list of {len(weights)}")]
    if not sum(weights):
        return [Problem(("teacher_weights",), "no teacher counts", "one above 0", str(list(weights)))]
    return []


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
