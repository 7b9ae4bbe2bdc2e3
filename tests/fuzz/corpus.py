"""What the fuzzer starts from: every shipped spec, every spec of tests/errors, and the rest of the grammar."""

from __future__ import annotations

from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

RICH = {
    "rich_table.yaml": """\
name: rich
seed: 3
data:
  csv: {path: table.csv, separator: ";", encoding: utf-8}
  train: train[:80%]
  validation: train[80%:90%]
  test: 0.1
  label: [price]
  columns: {numeric: [a, b], categorical: [c], ignore: [d]}
  clean:
    - drop_duplicates: {across_splits: false}
    - drop_missing: {columns: [a]}
    - fill_missing: {strategy: constant, value: 0.5}
    - clip_outliers: {method: quantile, factor: 0.05}
    - drop_labels: {labels: [3, "x"]}
    - map_labels: {labels: {a: b, "1": 2}}
  batch_size: 16
model:
  MLP: {hidden: [8, 8], dropout: 0.1}
  regularizer: {"*/kernel": {L2: {l2: 1.0e-4}}, "head/*": null}
  constraint: {MaxNorm: {max_value: 2.0}}
training:
  epochs: 3
  loss: {Huber: {delta: 1.5}}
  optimizer: {AdamW: {weight_decay: 0.01, clipnorm: 1.0, use_ema: true}}
  learning_rate: {peak: 0.01, warmup: 20 steps, initial: 0.001, warmup_curve: exponential,
                  decay: {step: {at: [50%, 2 epochs], factor: 0.5}}}
  parameter_groups: [{match: "*/bias", learning_rate: 2, weight_decay: 0}]
  metrics: [auto, {RootMeanSquaredError: {name: rmse}}]
  callbacks:
    - EarlyStopping: {monitor: val_loss, patience: 2, restore_best_weights: true}
    - ModelCheckpoint: {filepath: "best-{epoch:02d}.keras", save_best_only: true}
    - CSVLogger: {filename: log.csv}
device: {precision: float32, jit: false}
""",
    "rich_images.yaml": """\
data:
  image_folder: pictures
  image: {size: [32, 32], channels: 3, interpolation: nearest, crop_to_aspect_ratio: true}
  augment:
    - RandomFlip: {mode: horizontal}
    - RandomRotation: {factor: 0.1}
    - MixUp: {alpha: 0.2}
  drop_remainder: true
model:
  layers:
    - Conv2D: {filters: 4, kernel_size: 3, activation: relu, name: first}
    - BatchNormalization
    - Conv2D: {filters: 4, kernel_size: 3, padding: same, kernel_initializer: {HeNormal: {seed: 1}}}
    - Add: {inputs: [first, previous]}
    - GlobalAveragePooling2D
  freeze: [first]
training:
  learning_rate: {peak: 0.1, decay: {one_cycle: {up: 0.2, divide: 10}}}
  class_weight: {cat: 1.0, dog: 2.5}
  weight_decay: {value: 1.0e-3, decoupled: true, exclude: ["*/bias"]}
  steps_per_epoch: 10
  steps_per_execution: 2
evaluate: {views: [mirror]}
""",
    "rich_hub.yaml": """\
data:
  text_folder: {path: reviews}
  text: {output: raw, max_tokens: 100, sequence_length: 16, truncate: tail, ngrams: 2, strip_html: false,
         group_by_length: false}
model:
  BertTextClassifier: {preset: [folder/of/preset, "package:weights/model"], load_weights: false}
  freeze: base
training: {learning_rate: {peak: 5.0e-5, decay: {plateau: {monitor: val_loss, patience: 1}}}, metrics: accuracy}
""",
    "rich_sources.yaml": """\
data:
  keras: {name: imdb, arguments: {num_words: 500, seed: 3}}
  task: classification
  text: {output: multi_hot}
  validation: train[90%:]
model: {Transformer: {num_layers: 1, num_heads: 2}}
training: {loss: {CategoricalCrossentropy: {label_smoothing: 0.1}}, optimizer: SGD, class_weight: balanced}
""",
    "rich_file.yaml": """\
data: {npz: {path: arrays.npz, x: images, y: labels}, shuffle: false}
model: {file: runs/a/model.keras}
training: {optimizer: {SGD: {learning_rate: 0.1, momentum: 0.9}}, metrics: [{TopKCategoricalAccuracy: {k: 3}}]}
""",
}
"""The parts of the grammar that no shipped spec uses."""

SMALL = {
    "small_mlp.yaml": "data: {sklearn: iris, test: 0.2}\nmodel: {MLP: {hidden: [4]}}\ntraining: {epochs: 1}\n",
    "small_cnn.yaml": """\
data:
  {sklearn: digits, validation: 0.1, test: 0.2, augment: [{RandomTranslation: {height_factor: 0.1, width_factor: 0.1}}]}
model: {CNN: {filters: [4], dropout: 0.1}, regularizer: {L2: {l2: 0.001}}}
training:
  epochs: 1
  optimizer: {SGD: {momentum: 0.9}}
  learning_rate: {peak: 0.1, warmup: 1 steps, decay: cosine}
  callbacks: [{EarlyStopping: {monitor: val_loss}}, {CSVLogger: {filename: log.csv}}]
""",
    "small_layers.yaml": """\
data: {sklearn: wine, clean: [drop_duplicates, {clip_outliers: {factor: 3.0}}]}
model:
  layers:
    - Dense: {units: 4, activation: relu, name: a}
    - Dense: {units: 4, kernel_regularizer: {L1: {l1: 0.01}}}
    - Add: {inputs: [a, previous]}
    - Dropout: {rate: 0.1}
training: {optimizer: {Adam: {clipnorm: 1.0}}, weight_decay: 0.01, metrics: [accuracy, {F1Score: {average: macro}}]}
""",
    "small_regression.yaml": """\
data: {sklearn: diabetes, validation: 0.2}
model: {MLP: {hidden: [4]}, constraint: {"*/kernel": {MaxNorm: {max_value: 2.0}}}}
training:
  loss: MeanSquaredError
  metrics: [MeanAbsoluteError, R2Score]
  learning_rate: {peak: 0.003, decay: {polynomial: {power: 2.0}}}
  callbacks: [{ModelCheckpoint: {filepath: best.keras, monitor: val_loss, save_best_only: true}}]
""",
}
"""Valid specs whose live build takes a second: what the share that is built for real starts from."""


@cache
def texts() -> dict[str, str]:
    """Name -> YAML text; the same order on every machine."""
    files = [*sorted((ROOT / "specs").rglob("*.yaml")), *sorted((ROOT / "tests" / "errors").glob("*.yaml"))]
    return {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files} | RICH | SMALL


def valid() -> dict[str, str]:
    """The texts that load as they are: not the wrong ones, nor those that need the file they extend."""
    return {name: text for name, text in texts().items() if not name.startswith("tests") and "\nextends:" not in text}
