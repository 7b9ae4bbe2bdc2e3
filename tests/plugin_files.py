"""Plug-ins for tests: as files, and as an installed package."""

GATE = '''
"""A plug-in of a layer, a callback, an activation and a model family."""

import keras


class Gate(keras.layers.Layer):
    """Multiplies each feature by a learned number."""

    def __init__(self, strength: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        self.strength = strength

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

    def call(self, x):
        return x * self.scale * self.strength

    def get_config(self):
        return {**super().get_config(), "strength": self.strength}


class Count(keras.callbacks.Callback):
    """Counts epochs."""

    def __init__(self, every: int, filename: str = "count.txt"):
        super().__init__()
        self.every, self.filename = every, filename

    def on_train_begin(self, logs=None):
        self.epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        self.epochs += 1

    def on_train_end(self, logs=None):
        with open(self.filename, "w") as file:
            file.write(str(self.epochs))


class Watch(keras.callbacks.Callback):
    """Watches a metric, or none."""

    def __init__(self, monitor: str | None = None):
        super().__init__()
        self.monitor = monitor


def square(x):
    """x times x."""
    return x * x


def Gated(input_shape, units, output_activation="linear", width: int = 8):
    """A layer behind a gate."""
    inputs = keras.Input(input_shape)
    x = keras.layers.Dense(width, activation=square)(Gate()(keras.layers.Flatten()(inputs)))
    return keras.Model(inputs, keras.layers.Dense(units, output_activation, dtype="float32")(x))


COMPONENTS = {
    "layer": {"Gate": Gate},
    "callback": {"Count": Count, "Watch": Watch},
    "activation": {"square": square},
    "model": {"Gated": Gated},
}
'''


def layer(name):
    """A plug-in with one layer of this name, which needs Keras and nothing else."""
    return f'''
import keras


class {name}(keras.layers.Layer):
    """A layer called {name}."""

    def call(self, x):
        return x


COMPONENTS = {{"layer": {{"{name}": {name}}}}}
'''


def install(folder, package, modules, points, version="1.2"):
    """Makes an installed distribution of a folder, as pip leaves it: modules beside a .dist-info with entry points.

    modules: name -> source. points: name of the entry point -> its value.
    """
    for module, source in modules.items():
        (folder / f"{module}.py").write_text(source)
    info = folder / f"{package.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    lines = [f"{name} = {value}" for name, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[kspec.plugins]", *lines, ""]))
    return folder
