"""Batches: tf.data with order and augmentation as functions of (seed, epoch, step)."""

from __future__ import annotations

from kspec import catalog
from kspec.builders.data.tokens import is_tokens
from kspec.eject.code import Call, Name, render, statement
from kspec.eject.component import call
from kspec.eject.known import Known
from kspec.eject.preset import reads_tokens
from kspec.eject.source import PACKAGE

FOLD = '''\
def fold(seed, *numbers):
    """A seed that follows from another seed and some numbers."""
    for number in numbers:
        seed = tf.random.experimental.stateless_fold_in(tf.cast(seed, tf.int32), tf.cast(number, tf.int32))
    return seed'''
SEEDED = '''\
def seeded(layer, example):
    """A Keras layer as a function whose random numbers follow from a seed that it is given."""
    layer(tf.cast(example, tf.float32), training=True)  # builds it, which must not happen inside of tf.data

    def augment(images, labels, seed, index, epoch):
        states = [variable for variable in layer.variables if variable.path.endswith("seed_generator_state")]
        seeds = [tf.random.experimental.stateless_fold_in(seed, number) for number in range(len(states))]
        given = [(state, tf.cast(one, state.dtype)) for state, one in zip(states, seeds, strict=True)]
        with keras.StatelessScope(state_mapping=given):
            return layer(tf.cast(images, tf.float32), training=True), labels

    return augment'''
HELD_OUT = '''\
def batches(x, y):
    """All examples in their order."""
    return untuned(tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH_SIZE).prefetch(tf.data.AUTOTUNE))'''
HELD_OUT_TOKENS = '''\
def batches(x, y):
    """All examples in their order, each batch as long as its longest text."""
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH_SIZE)
    return untuned(dataset.map(lambda x, y: (trimmed(x), y)).prefetch(tf.data.AUTOTUNE))'''


def steps(known: Known) -> str:
    """The expression for the steps of an epoch."""
    given = known.spec.training.steps_per_epoch
    if given is not None:
        return str(given)
    return "len(y_train) // BATCH_SIZE" if known.data.drop_remainder else "math.ceil(len(y_train) / BATCH_SIZE)"


def is_plain(known: Known) -> bool:
    """Whether an epoch is the examples as they stand: then nothing depends on its number."""
    return not (known.data.shuffle or known.data.augment or known.spec.training.steps_per_epoch)


def pipeline(known: Known) -> list[str]:
    """The paragraphs that make train_data and, where there is one, validation_data and test_data."""
    others = [role for role in known.roles if role != "train"]
    paragraphs = []
    if is_plain(known):
        drop = ", drop_remainder=True" if known.data.drop_remainder else ""
        made = [f"train_data = tf.data.Dataset.from_tensor_slices((x_train, y_train)).batch(BATCH_SIZE{drop})"]
        made += ["train_data = train_data.map(lambda x, y: (trimmed(x), y))"] if _is_trimmed(known) else []
        made += ["train_data = untuned(train_data)"]
    else:
        made = ["train_data = training_batches(x_train, y_train)"]
        paragraphs += _training(known)
    if others:
        paragraphs.append(HELD_OUT_TOKENS if _is_trimmed(known) else HELD_OUT)
    made += [f"{role}_data = batches(x_{role}, y_{role})" for role in others]
    return [*paragraphs, "\n".join(made)]


def _is_trimmed(known: Known) -> bool:
    """Whether a batch loses the columns that are padding in all of its texts."""
    return is_tokens(known.datasets.train.x)


def _is_grouped(known: Known) -> bool:
    return _is_trimmed(known) and known.data.shuffle and known.data.text.group_by_length


def _training(known: Known) -> list[str]:
    augment = [_augmentation(component.name, component.arguments) for component in known.data.augment]
    constants = [
        "epoch = tf.Variable(0, dtype=tf.int64, trainable=False)  # the number of the epoch; a callback sets it"
    ]
    uses_seed = known.data.shuffle or augment
    paragraphs = [*([FOLD] if uses_seed else [])]
    if any(isinstance(one, Call) and one.function == "seeded" for one in augment):
        paragraphs.append(SEEDED)
    if augment:
        constants.append(statement("augmentations = ", augment))
    size = known.data.batch_size
    count = len(known.datasets.train)
    is_static = known.data.drop_remainder or count % size == 0
    body = [
        "def training_batches(x, y):",
        _docstring(known),
        *(["    counts = token_counts(x)"] if _is_grouped(known) else []),
        *_tensors(known),
        "",
    ]
    body += _whole_passes(known) if known.spec.training.steps_per_epoch is None else _part_passes(known)
    body += ["", "    def batch(number, step, index):"]
    if is_static:
        body.append("        index = tf.ensure_shape(index, (BATCH_SIZE,))")
    if augment:
        word = {"image": "images"}.get(known.source.kind, "features")
        body += [
            f"        {word}, labels = tf.gather(x, index), tf.gather(y, index)",
            "        for position, augment in enumerate(augmentations, start=1):",
            "            seed = fold([SEED, position], number, step)",
            f"            {word}, labels = augment({word}, labels, seed, index, number)",
            f"        return {word}, labels",
        ]
    elif reads_tokens(known):
        tokens = "{name: tf.gather(column, index) for name, column in x.items()}"
        body.append(f"        return {f'trimmed({tokens})' if _is_trimmed(known) else tokens}, tf.gather(y, index)")
    else:
        body.append("        return tf.gather(x, index), tf.gather(y, index)")
    body += [
        "",
        "    dataset = tf.data.Dataset.from_tensors(0).flat_map(one_epoch)",
        "    dataset = dataset.map(batch, num_parallel_calls=tf.data.AUTOTUNE)",
        "    dataset = dataset.apply(tf.data.experimental.assert_cardinality(STEPS_PER_EPOCH))",
        "    return untuned(dataset.prefetch(tf.data.AUTOTUNE))",
    ]
    return [*paragraphs, "\n".join(constants), "\n".join(body)]


def _tensors(known: Known) -> list[str]:
    if not reads_tokens(known):
        return ["    x, y = tf.convert_to_tensor(x), tf.convert_to_tensor(y)"]
    x = "{name: tf.convert_to_tensor(column) for name, column in x.items()}"
    return [f"    x, y = {x}, tf.convert_to_tensor(y)"]


def _docstring(known: Known) -> str:
    what = [*(["order"] if known.data.shuffle else []), *(["augmentation"] if known.data.augment else [])]
    said = f"; {' and '.join(what)} follow{'s' * (len(what) == 1)} from SEED and the epoch alone" if what else ""
    return f'    """The batches of an epoch{said}."""'


def _shuffled(known: Known, indent: str) -> list[str]:
    lines = [f"{indent}order = tf.range(len(y), dtype=tf.int64)"]
    if known.data.shuffle:
        lines.append(f"{indent}order = tf.random.experimental.stateless_shuffle(order, fold([SEED, 0], number))")
    if _is_grouped(known):
        lines.append(f"{indent}order = grouped_by_length(order, counts, BATCH_SIZE, fold([SEED, 0], number, 1))")
    return lines


def _whole_passes(known: Known) -> list[str]:
    return [
        "    def one_epoch(_):",
        "        number = tf.convert_to_tensor(epoch)",
        *_shuffled(known, "        "),
        "        steps = tf.data.Dataset.range(STEPS_PER_EPOCH)",
        "        return steps.map(lambda step: (number, step, order[step * BATCH_SIZE : (step + 1) * BATCH_SIZE]))",
    ]


def _part_passes(known: Known) -> list[str]:
    count = "len(y) // BATCH_SIZE" if known.data.drop_remainder else "math.ceil(len(y) / BATCH_SIZE)"
    return [
        f"    count = {count}  # batches in which every example comes once",
        "",
        "    def one_pass(number):",
        *_shuffled(known, "        "),
        "        steps = tf.data.Dataset.range(count)",
        "        return steps.map(lambda step: (number, step, order[step * BATCH_SIZE : (step + 1) * BATCH_SIZE]))",
        "",
        "    def one_epoch(_):",
        "        # An epoch goes on where the one before ended, in the middle of a pass or not.",
        "        start = tf.convert_to_tensor(epoch) * STEPS_PER_EPOCH",
        "        passes = tf.data.Dataset.range(start // count, (start + STEPS_PER_EPOCH - 1) // count + 1)",
        "        return passes.flat_map(one_pass).skip(start % count).take(STEPS_PER_EPOCH)",
    ]


def _augmentation(name: str, arguments: object) -> Call | Name:
    one = catalog.entry("augmentation", name)
    made = call("augmentation", name, arguments)  # type: ignore[arg-type]
    if one.target.startswith(f"{PACKAGE}."):
        return Name(f"{render(made, 0, 0)}.augment")
    return Call("seeded", (made, Name("x_train[:1]")))
