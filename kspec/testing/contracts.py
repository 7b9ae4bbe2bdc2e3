"""Which contracts hold for which kind, and the list of them for a table of components."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kspec import catalog
from kspec.catalog import index, offered
from kspec.testing.arguments import (
    accepts_defaults,
    accepts_example,
    documented,
    refuses_typos,
    resolves,
    typed,
)
from kspec.testing.augmentations import augmentation_is_pure
from kspec.testing.example import Example
from kspec.testing.layers import family_fits, family_trains, keeps_shape_contract, survives_file
from kspec.testing.numbers import (
    activation_is_kept,
    constraint_keeps_shape,
    initializer_is_seeded,
    loss_is_a_number,
    loss_takes_weights,
    metric_is_a_number,
    regularizer_is_a_number,
    schedule_is_a_rate,
    survives_config,
)
from kspec.testing.subject import Broken, Subject
from kspec.testing.training import callback_is_reusable, callback_resumes, optimizer_steps, optimizer_survives_file

Rule = Callable[[Subject], None]

OF_ARGUMENTS: tuple[Rule, ...] = (documented, typed, refuses_typos, accepts_defaults, resolves)
"""The contracts of every component, also of those that are not built here: networks of keras.applications, tasks of
KerasHub, data sets."""

RULES: dict[str, tuple[Rule, ...]] = {
    "optimizer": (accepts_example, survives_config, optimizer_steps, optimizer_survives_file),
    "loss": (accepts_example, survives_config, loss_is_a_number, loss_takes_weights),
    "metric": (accepts_example, survives_config, metric_is_a_number),
    "regularizer": (accepts_example, survives_config, regularizer_is_a_number),
    "constraint": (accepts_example, survives_config, constraint_keeps_shape),
    "initializer": (accepts_example, survives_config, initializer_is_seeded),
    "callback": (accepts_example, callback_is_reusable, callback_resumes),
    "schedule": (accepts_example, survives_config, schedule_is_a_rate),
    "activation": (accepts_example, activation_is_kept),
    "layer": (accepts_example, survives_config, keeps_shape_contract, survives_file),
    "augmentation": (accepts_example, survives_config, augmentation_is_pure),
    "model": (accepts_example, family_fits, family_trains),
}
"""Kind -> its contracts beside OF_ARGUMENTS. The docstring of each is the contract."""


@dataclass(frozen=True)
class Contract:
    """One contract of one component; calling it checks it."""

    subject: Subject
    rule: Rule

    def __str__(self) -> str:
        return f"{self.subject.entry.kind}-{self.subject.entry.name}-{self.rule.__name__}"

    def __call__(self) -> None:
        """Checks the contract, from the same random seed each time.

        Raises:
            Broken: it does not hold, or the component raised an error on the way.
        """
        import keras

        keras.utils.set_random_seed(0)
        try:
            with keras.saving.custom_object_scope(dict(self.subject.beside)):
                self.rule(self.subject)
        except Broken as error:
            raise Broken(f"{self}: {error}") from error
        except Exception as error:
            raise Broken(f"{self}: it raised {type(error).__name__}: {error}") from error


def contracts(
    components: offered.Components, examples: Mapping[str, Mapping[str, Example]] | None = None
) -> list[Contract]:
    """Every contract of the components of a plug-in, to be called one by one.

    Args:
        components: the table COMPONENTS of a plug-in.
        examples: kind -> name -> `Example`, for components that cannot do without arguments or want other inputs.

    Raises:
        UsageError: the table is not what `--plugin` takes.

    Example:
        EXAMPLES = {"layer": {"Gate": testing.Example({"units": 4}, shapes=[(8,)])}}

        @pytest.mark.parametrize("contract", testing.contracts(COMPONENTS, EXAMPLES), ids=str)
        def test_contract(contract):
            contract()
    """
    found = []
    given = examples or {}
    # Keras writes an unregistered class under its own name, whatever its name in the table is.
    beside = {target.__name__: target for names in components.values() for target in names.values()}
    for kind, entries in offered.entries_of(components, "COMPONENTS").items():
        for name, raw in entries.items():
            example = given[kind][name] if kind in given and name in given[kind] else Example()
            subject = Subject(index.made(kind, name, raw), components[kind][name], example, beside)
            found += [Contract(subject, rule) for rule in (*OF_ARGUMENTS, *RULES[kind])]
    return found


def check_component(kind: str, name: str, example: Example | None = None) -> dict[str, str]:
    """The contracts that a component of the catalogue breaks: rule -> what is wrong; {} where it keeps all.

    example: None checks what needs no instance: documentation, types, arguments.

    Raises:
        SpecError: no such name.
    """
    target = catalog.resolve(kind, name)
    subject = Subject(catalog.entry(kind, name), target, example or Example())
    built = RULES[kind] if example is not None and kind in RULES else ()
    broken = {}
    for rule in (*OF_ARGUMENTS, *built):
        if rule is resolves and not subject.entry.target:
            continue  # a word that Keras itself understands
        try:
            Contract(subject, rule)()
        except Broken as error:
            broken[rule.__name__] = str(error).partition(": ")[2]
    return broken
