"""Everything that comes with kspec keeps the contracts that plug-ins are held to, or is listed here with the reason."""

from importlib.util import find_spec

import pytest

from kspec import catalog
from kspec.builders.training.callbacks import NEEDS
from kspec.testing import RULES, check_component
from tests.testing.builtin_examples import example

WORDS = {("metric", "accuracy"), ("metric", "crossentropy")}
"""Names without an object behind them: what Keras makes of them depends on the labels."""

UNTYPED = {
    "optimizer": "exclude_layers",
    "metric": "num_labels label_weights threshold",
    "initializer": "input_axes output_axes distribution",
    "callback": "headers profile_batch embeddings_metadata",
    "layer": """
        noise_shape bounding_box_format renorm_clipping weights num_tokens output_mode quantization_config output_shape
        gptq_unpacked_column_size use_cudnn sliding_window flash_attention mask_value salt shape batch_size sparse
        ragged batch_shape input_tensor mask_token oov_token max_number sequence_length max_freq
        n reverse_dtype logit_soft_cap frame_step fft_length standardize split ngrams
        """,
    "augmentation": "bounding_box_format",
    "application": "weights",
    "keras_hub": """
        pooling head_dtype backbone_hidden_size num_centroids centroid_intermediate_top_k
        use_ordered_embeddings final_logit_cap bounding_box_format prediction_decoder hidden_dim depth_estimation_type
        max_depth head_filters intermediate_dim anchor_generator label_encoder
        """,
    "keras_dataset": "maxlen",
}
"""Kind -> arguments of Keras and KerasHub without annotation and with a default that does not tell."""

NO_DOCSTRING = "Keras or KerasHub: the class has no docstring"
CELL = "a cell takes a step and a list of states; the layer RNN drives it"
BROKEN = {
    ("activation", "glu"): {"activation_is_kept": "it halves the last axis: a layer has to know it"},
    ("callback", "SwapEMAWeights"): {
        "callback_is_reusable": "Keras 3.15: with swap_on_epoch it begins a second fit by swapping what it swapped last"
    },
    ("layer", "Equalization"): {
        "survives_file": "Keras 3.15: at inference it hands its input on, which a functional model cannot end in"
    },
    ("layer", "InputLayer"): {
        "documented": NO_DOCSTRING,
        "keeps_shape_contract": "it has no input",
        "survives_file": "it has no input",
    },
    ("layer", "LSTMCell"): {"keeps_shape_contract": CELL, "survives_file": CELL},
    ("layer", "StackedRNNCells"): {"keeps_shape_contract": CELL, "survives_file": CELL},
    ("layer", "MaxNumBoundingBoxes"): {
        "keeps_shape_contract": "it takes a dictionary with bounding boxes",
        "survives_file": "it takes a dictionary with bounding boxes",
    },
    ("layer", "RandomShear"): {
        "survives_config": "Keras 3.15: get_config() gives x_factor as the range (-0.1, 0.1), which __init__ refuses",
        "survives_file": "Keras 3.15: for the same reason",
    },
    ("augmentation", "RandomShear"): {"survives_config": "Keras 3.15: as the layer"},
    **{
        ("keras_hub", name): {"documented": NO_DOCSTRING}
        for name in (
            *("CSPNetImageClassifier", "DenseNetImageClassifier", "DepthAnythingDepthEstimator", "SmolLM3CausalLM"),
            *("EfficientNetImageClassifier", "MiTImageClassifier", "MobileNetImageClassifier"),
            *("ResNetImageClassifier", "XceptionImageClassifier"),
        )
    },
}
"""(kind, name) -> contract that it breaks -> why."""


def installed(kind, name):
    return kind != "callback" or name not in NEEDS or find_spec(NEEDS[name][0]) is not None


@pytest.mark.filterwarnings("ignore:Could not reach RemoteMonitor root server")
@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in catalog.kinds() for name in catalog.names(kind)])
def test_contracts(kind, name):
    """What is broken is exactly what the table says: a contract that a new Keras keeps has to leave it."""
    built = kind in RULES and (kind, name) not in WORDS and installed(kind, name)
    broken = check_component(kind, name, example(kind, name) if built else None)
    broken.pop("typed", None)
    expected = BROKEN.get((kind, name), {})
    assert broken.keys() == expected.keys(), broken


def test_arguments_without_a_type_are_known():
    for kind in catalog.kinds():
        found = {
            argument.name
            for name in catalog.names(kind)
            for argument in catalog.entry(kind, name).arguments.values()
            if "any" in argument.type.split("|")
        }
        assert found == set(UNTYPED.get(kind, "").split())


def test_what_the_tables_name_exists():
    assert [key for key in BROKEN if not catalog.knows(*key)] == []


def test_every_kind_that_is_built_has_contracts():
    from kspec.catalog.offered import BASES

    assert RULES.keys() == BASES.keys()
