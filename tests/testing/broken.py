"""For each contract a component that breaks it, and nothing else is wrong with it; written as a plug-in would be."""

import itertools

import keras
import tensorflow as tf
from keras import ops

COUNT = itertools.count(1)


class Undocumented(keras.callbacks.Callback):
    pass


class Untyped(keras.callbacks.Callback):
    """An argument that could be anything."""

    def __init__(self, thing=None):
        super().__init__()


class TakesAnything(keras.callbacks.Callback):
    """Keywords end here."""

    def __init__(self, **options):
        super().__init__()
        self.options = options


class OddDefault(keras.callbacks.Callback):
    """A default that its own annotation forbids."""

    def __init__(self, every: int = "never"):
        super().__init__()


class Needs(keras.callbacks.Callback):
    """It needs an argument, and the example gives none."""

    def __init__(self, every: int):
        super().__init__()


class Hidden(keras.callbacks.Callback):
    """Counts epochs in an iterator, which nobody can write down."""

    def on_train_begin(self, logs=None):
        self.count = iter(range(1, 100))

    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 0.1 / next(self.count)


class Remembers(keras.callbacks.Callback):
    """Its count is not set back when a training begins."""

    seen = 0

    def on_train_batch_end(self, batch, logs=None):
        self.seen += 1
        self.model.optimizer.learning_rate = 0.5 / self.seen


class ForgetsRate(keras.layers.Layer):
    """Its argument is not in its configuration."""

    def __init__(self, rate: float = 0.5, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate

    def get_config(self):
        return {**super().get_config(), "rat": self.rate}


class WrongShape(keras.layers.Layer):
    """It promises its input's shape and drops the first number."""

    def call(self, x):
        return x[:, 1:]

    def compute_output_shape(self, input_shape):
        return input_shape


class FreshConstant(keras.layers.Layer):
    """Another constant in each instance."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.number = next(COUNT)

    def call(self, x):
        return x * self.number


class Divides(keras.layers.Layer):
    """By zero."""

    def call(self, x):
        return x / 0.0


class PerExample(keras.losses.Loss):
    """It takes the sum over nothing."""

    def __call__(self, y_true, y_pred, sample_weight=None):
        return ops.mean(ops.abs(y_true - y_pred), axis=-1)

    def call(self, y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred), axis=-1)


class IgnoresWeights(keras.losses.Loss):
    """Weights count twice."""

    def __call__(self, y_true, y_pred, sample_weight=None):
        return ops.mean(y_pred) * (1.0 if sample_weight is None else 2.0)

    def call(self, y_true, y_pred):
        return y_pred


class NeverResets(keras.metrics.Metric):
    """It counts on."""

    def __init__(self, name: str = "never_resets", dtype: str | None = None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total.assign_add(1.0)

    def result(self):
        return ops.convert_to_tensor(self.total)

    def reset_state(self):
        pass


class Vector(keras.regularizers.Regularizer):
    """A penalty for each column."""

    def __call__(self, x):
        return ops.sum(ops.abs(x), axis=0)

    def get_config(self):
        return {}


class Cuts(keras.constraints.Constraint):
    """It drops the last row."""

    def __call__(self, w):
        return w[:-1]


class Unseeded(keras.initializers.Initializer):
    """Its numbers come from outside."""

    def __call__(self, shape, dtype=None):
        return ops.ones(shape, dtype) * next(COUNT)

    def get_config(self):
        return {}


class Negative(keras.optimizers.schedules.LearningRateSchedule):
    """Below zero after ten steps."""

    def __call__(self, step):
        return 1.0 - ops.cast(step, "float32") / 10

    def get_config(self):
        return {}


class Stands(keras.optimizers.SGD):
    """It never moves."""

    def update_step(self, gradient, variable, learning_rate):
        pass


class Forgets(keras.optimizers.SGD):
    """Its state is not in a file."""

    def save_own_variables(self, store):
        pass

    def load_own_variables(self, store):
        pass


class Impure(keras.layers.Layer):
    """It draws without a seed."""

    def call(self, images, training=None):
        return images + tf.random.uniform(tf.shape(images))


def doubled(x):
    """Twice as wide."""
    return ops.concatenate([x, x], axis=-1)


def Linear(input_shape, units, output_activation="linear"):
    """It forgets the activation."""
    inputs = keras.Input(input_shape)
    return keras.Model(inputs, keras.layers.Dense(units, name="predictions")(keras.layers.Flatten()(inputs)))


def Fixed(input_shape, units, output_activation="softmax"):
    """Nothing of it trains."""
    inputs = keras.Input(input_shape)
    head = keras.layers.Dense(units, output_activation, dtype="float32", trainable=False)
    return keras.Model(inputs, head(keras.layers.Flatten()(inputs)))


BROKEN = {
    "documented": ("callback", Undocumented),
    "typed": ("callback", Untyped),
    "refuses_typos": ("callback", TakesAnything),
    "accepts_defaults": ("callback", OddDefault),
    "accepts_example": ("callback", Needs),
    "callback_is_reusable": ("callback", Remembers),
    "callback_resumes": ("callback", Hidden),
    "survives_config": ("layer", ForgetsRate),
    "keeps_shape_contract": ("layer", WrongShape),
    "survives_file": ("layer", FreshConstant),
    "loss_is_a_number": ("loss", PerExample),
    "loss_takes_weights": ("loss", IgnoresWeights),
    "metric_is_a_number": ("metric", NeverResets),
    "regularizer_is_a_number": ("regularizer", Vector),
    "constraint_keeps_shape": ("constraint", Cuts),
    "initializer_is_seeded": ("initializer", Unseeded),
    "schedule_is_a_rate": ("schedule", Negative),
    "optimizer_steps": ("optimizer", Stands),
    "optimizer_survives_file": ("optimizer", Forgets),
    "augmentation_is_pure": ("augmentation", Impure),
    "activation_is_kept": ("activation", doubled),
    "family_fits": ("model", Linear),
    "family_trains": ("model", Fixed),
}
"""Contract -> (kind, a component that breaks it)."""
