"""`data`: where the examples come from, how they are split, cleaned, read and augmented."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath, PureWindowsPath
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from kspec import catalog
from kspec.catalog.types import quoted
from kspec.errors import Problem
from kspec.spec.base import FilePath, Listed, ListedOrSingle, Section, collected, refuse
from kspec.spec.clean import Step
from kspec.spec.component import component_of
from kspec.spec.forms import NULL, TEXT, exactly_one, or_value, written


def _split(value: Any) -> Any:
    is_fraction = isinstance(value, float) and 0.0 < value < 1.0
    if value is None or is_fraction or (isinstance(value, str) and value):
        return value
    expected = "a split such as `test` or `train[:90%]`, or a fraction between 0 and 1"
    raise refuse(Problem((), "not a split", expected, quoted(value)), value)


def _train_split(value: Any) -> Any:
    if isinstance(value, str) and value:
        return value
    hint = "fractions stand in `validation` and `test`; train is what they leave"
    raise refuse(Problem((), "not a split", "a split such as `train` or `train[:90%]`", quoted(value), hint), value)


_FRACTION = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
Split = Annotated[str | float, BeforeValidator(_split), written(TEXT, _FRACTION, NULL)]
TrainSplit = Annotated[str, BeforeValidator(_train_split), written(TEXT)]
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
TEXT_SUFFIXES = (".txt",)
"""Files of a folder that are read, in any case; others are left out."""
SPLIT_FOLDERS = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
"""Name of a folder -> the split that it holds, where there is one for train."""
SOURCES = ("tfds", "keras", "sklearn", "image_folder", "text_folder", "csv", "parquet", "npz")


def _main(argument: str) -> Any:
    """Lets a source be written as its main argument alone: `tfds: cifar10` for `tfds: {name: cifar10}`."""
    return BeforeValidator(lambda value: {argument: value} if isinstance(value, str) else value)


def _or_its_name(schema: dict[str, Any]) -> None:
    """A data set's name alone, or with the arguments that this data set takes."""
    names = schema["properties"]["name"]["enum"]
    if "arguments" in schema["properties"]:
        schema["allOf"] = [
            {
                "if": {"required": ["name"], "properties": {"name": {"const": name}}},
                "then": {"properties": {"arguments": {"arguments": ["keras_dataset", name]}}},
            }
            for name in names
        ]
    or_value("name", {"enum": names})(schema)


class Tfds(Section):
    """A data set of TensorFlow Datasets."""

    model_config = ConfigDict(json_schema_extra=or_value("name", TEXT))

    name: str = Field(min_length=1, examples=["cifar10", "glue/sst2"])
    """The name in TFDS' catalogue, with config and version where wanted: `glue/sst2`, `cifar10:3.0.2`."""
    data_dir: FilePath | None = Field(default=None, examples=["~/tensorflow_datasets"])
    """The folder that holds prepared data sets; by default TFDS' own (`$TFDS_DATA_DIR` or `~/tensorflow_datasets`)."""
    download: bool = True
    """Download and prepare the set where it is missing."""


class KerasDataset(Section):
    """A data set of `keras.datasets`; Keras downloads it on first use."""

    model_config = ConfigDict(json_schema_extra=_or_its_name)

    name: Literal[
        "mnist", "fashion_mnist", "cifar10", "cifar100", "imdb", "reuters", "california_housing", "boston_housing"
    ]
    """The module's name in `keras.datasets`."""
    arguments: dict[str, Any] = Field(default_factory=dict, examples=[{"path": "mnist.npz"}])
    """Arguments of its `load_data`, e.g. `{num_words: 20000}`."""

    @model_validator(mode="after")
    def _known_arguments(self) -> KerasDataset:
        problems = catalog.check("keras_dataset", self.name, self.arguments)
        file = self.arguments.get("path")
        if isinstance(file, str) and (file == ".." or {PurePath(file).name, PureWindowsPath(file).name} != {file}):
            # Keras downloads to it: a path would lead out of its cache.
            found = Problem((self.name, "path"), "not the name of a file", "a name without folders", quoted(file))
            problems.append(found)
        if problems:
            raise refuse([replace(one, path=("arguments", *one.path[1:])) for one in problems])
        return self


class SklearnDataset(Section):
    """A data set that ships with scikit-learn (`sklearn.datasets.load_*`); needs no network."""

    model_config = ConfigDict(json_schema_extra=_or_its_name)

    name: Literal["breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine"]
    """The name after `load_`."""


class Folder(Section):
    """A folder with one folder per class, at the top or under `train/`, `validation/`, `test/`."""

    model_config = ConfigDict(json_schema_extra=or_value("path", TEXT))

    path: FilePath = Field(examples=["photos"])
    """The folder."""


class Csv(Section):
    """A table in a CSV file."""

    model_config = ConfigDict(json_schema_extra=or_value("path", TEXT))

    path: FilePath = Field(examples=["table.csv"])
    """The file, or a folder with `train.csv`, `validation.csv`, `test.csv`."""
    separator: str = Field(default=",", min_length=1)
    """What stands between two values."""
    encoding: str = "utf-8"
    """The encoding of the text."""


class Parquet(Section):
    """A table in a Parquet file."""

    model_config = ConfigDict(json_schema_extra=or_value("path", TEXT))

    path: FilePath = Field(examples=["table.parquet"])
    """The file, or a folder with `train.parquet`, `validation.parquet`, `test.parquet`."""


class Npz(Section):
    """NumPy arrays in an .npz file: `x_train`, `y_train`, `x_test`, `y_test`, or one pair `x`, `y`."""

    model_config = ConfigDict(json_schema_extra=or_value("path", TEXT))

    path: FilePath = Field(examples=["arrays.npz"])
    """The file; arrays with pickled objects are refused."""
    x: str = "x"
    """The name (or the start of the names) of the features' arrays."""
    y: str = "y"
    """The name (or the start of the names) of the labels' arrays."""


class Columns(Section):
    """Which columns of a table are features, and how each is read. By default all but the label, by their type."""

    numeric: Listed[str] | None = Field(default=None, examples=[["age", "height"]])
    """Columns that are numbers: normalised to mean 0 and variance 1, fitted on train."""
    categorical: Listed[str] | None = Field(default=None, examples=[["city"]])
    """Columns that name categories: one-hot encoded, with one place for values that train does not hold."""
    text: str | None = Field(default=None, examples=["review"])
    """The one column that holds the text, for text models."""
    ignore: Listed[str] = Field(default=(), examples=[["id"]])
    """Columns to leave out."""


class Fold(Section):
    """One fold of the train split as validation data, the others to train on."""

    number: int = Field(ge=0, examples=[0])
    """Which fold, from 0."""
    of: int = Field(ge=2, le=100, examples=[5])
    """How many folds there are, drawn with the seed 0 for every seed of the spec."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Fold:
        if self.number >= self.of:
            raise refuse(Problem(("number",), "there is no such fold", f"0 to {self.of - 1}", str(self.number)))
        return self


Pixels = Annotated[int, Field(ge=1, le=100_000)]


def _size(value: Any) -> Any:
    if value is None or (isinstance(value, list | tuple) and len(value) == 2):
        return value and tuple(value)
    raise refuse(Problem((), "not a size", "[height, width], two integers", quoted(value)), value)


class Image(Section):
    """How images are read."""

    size: Annotated[tuple[Pixels, Pixels] | None, BeforeValidator(_size)] = Field(default=None, examples=[[224, 224]])
    """[height, width] that every image is resized to; needed where they differ in size."""
    channels: Literal[1, 3] | None = Field(default=None, examples=[3])
    """Channels to convert to; by default as stored."""
    interpolation: Literal["bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5"] = "bilinear"
    """How resizing computes a pixel."""
    crop_to_aspect_ratio: bool = False
    """Crop to the wanted aspect ratio before resizing, rather than distort."""


class Text(Section):
    """How texts are read."""

    output: Literal["auto", "raw", "int", "multi_hot", "count", "tf_idf"] = "auto"
    """As in keras.layers.TextVectorization; `raw` hands on strings, which a KerasHub model tokenizes itself. `auto` is
    `raw` for KerasHub models, `int` for RNN and Transformer, `multi_hot` for others."""
    max_tokens: int = Field(default=20_000, ge=3, le=1_000_000_000)
    """Size of the vocabulary, with the places for padding and unknown words."""
    sequence_length: int = Field(default=256, ge=1, le=1_000_000)
    """Tokens an example is cut or padded to; for KerasHub models the marks of beginning and end are among them."""
    truncate: Literal["head", "tail", "head_tail"] = "head"
    """What is kept of a longer text: its beginning, its end, or a quarter of beginning and three of end
    (Sun et al. 2019, arXiv:1905.05583, section 5.3.1)."""
    ngrams: int | None = Field(default=None, ge=1, examples=[2])
    """Also make tokens of up to this many words in a row."""
    strip_html: bool = True
    """Replace tags such as `<br />` by a space."""
    group_by_length: bool = True
    """For KerasHub models: batches of texts of similar length, in random order, and validation and test in the order of
    length; a batch is padded to its longest text, so that less time goes into padding. Else batches are drawn from
    all."""


class Data(Section):
    """Where the examples come from, how they are split, cleaned, read and augmented."""

    model_config = ConfigDict(json_schema_extra=exactly_one(SOURCES))

    tfds: Annotated[Tfds | None, _main("name")] = None
    """A data set of TensorFlow Datasets."""
    keras: Annotated[KerasDataset | None, _main("name")] = None
    """A data set of keras.datasets."""
    sklearn: Annotated[SklearnDataset | None, _main("name")] = None
    """A data set that ships with scikit-learn."""
    image_folder: Annotated[Folder | None, _main("path")] = None
    """A folder of images, a folder per class."""
    text_folder: Annotated[Folder | None, _main("path")] = None
    """A folder of .txt files, a folder per class."""
    csv: Annotated[Csv | None, _main("path")] = None
    """A table in CSV."""
    parquet: Annotated[Parquet | None, _main("path")] = None
    """A table in Parquet."""
    npz: Annotated[Npz | None, _main("path")] = None
    """NumPy arrays."""

    train: TrainSplit = "train"
    """The train split, in TFDS' syntax: `train[:90%]`, `train[5000:]`. A source without splits holds one, `train`."""
    validation: Split | None = Field(default=None, examples=[0.1, "train[90%:]"])
    """A split in TFDS' syntax, or the fraction of train to set aside, drawn with the seed."""
    test: Split | None = Field(default="auto", examples=["test", 0.2])
    """A split in TFDS' syntax, or the fraction of train to set aside; `auto`: the source's own test split, if any."""
    fold: Fold | None = Field(default=None, examples=[{"number": 0, "of": 5}])
    """Cross-validation: a fold of train takes the place of `validation`. `kspec tune` with `folds` sets it."""
    stratify: bool = True
    """Fractions and folds keep each class's share (classification only)."""
    task: Literal["auto", "classification", "regression", "multi_label"] = "auto"
    """What is predicted; `auto` looks at the labels."""
    label: Annotated[ListedOrSingle[str], Field(min_length=1)] | None = Field(default=None, examples=["price"])
    """The column(s) or feature to predict; several columns of 0 and 1 are multi-label, several numbers a vector."""
    columns: Columns = Columns()
    """For tables: which columns, and how they are read."""
    image: Image = Image()
    """For images: size and channels."""
    text: Text = Text()
    """For texts: tokens and length."""
    clean: Listed[Step] = Field(default=(), examples=[["drop_duplicates", {"fill_missing": {"strategy": "median"}}]])
    """Cleaning steps, in order."""
    augment: Listed[component_of("augmentation")] = Field(  # type: ignore[valid-type]
        default=(), examples=[[{"RandomCrop": {"padding": 4}}, {"RandomFlip": {"mode": "horizontal"}}]]
    )
    """Augmentation of the train split, in order, drawn anew for each example and epoch."""
    batch_size: int = Field(default=32, ge=1, le=1_000_000_000)
    """Examples a step."""
    shuffle: bool = True
    """A new order of the train split in each epoch, a function of seed and epoch."""
    drop_remainder: bool = False
    """Leave out the last, smaller batch of each epoch."""
    baseline: bool = Field(default=False, examples=[True])
    """After the training also fit a classical model of scikit-learn on the same train split, and show it beside the
    metrics; `kspec run` and `kspec evaluate` do, a trial of `kspec tune` does not. Texts: TF-IDF and logistic
    regression (ridge regression for numbers). Tables and arrays: a linear model or gradient boosting, the better on
    validation (without one, boosting from 1,000 rows of train on). Images of classes: the nearest class mean."""

    @model_validator(mode="wrap")
    @classmethod
    def _one_source(cls, value: Any, handler: Any) -> Any:
        if not isinstance(value, dict):
            return handler(value)
        chosen = [name for name in SOURCES if value.get(name) is not None]
        found = Problem((), "exactly one source is needed", f"one of {', '.join(SOURCES)}", ", ".join(chosen) or "none")
        problems = [found] if len(chosen) != 1 else []
        if value.get("fold") is not None and value.get("validation") is not None:
            problems.append(
                Problem(("fold",), "two sources of validation data", "validation, or fold", "both", on_key=True)
            )
        return collected(handler, value, problems)

    @property
    def source(self) -> tuple[str, Any]:
        """The key and the arguments of the source."""
        return next((name, value) for name in SOURCES if (value := getattr(self, name)) is not None)
