"""Which weights are pruned, and what is refused."""

import keras
import pytest

from kspec.parts.pruning.engines import Pattern
from kspec.parts.pruning.schedules import ConstantSparsity, PolynomialDecay
from kspec.parts.pruning.targets import Choice, PatternError, groups

SCHEDULE = PolynomialDecay(0.0, 0.8, 0, 10)
BLOCKS = Pattern(block_size=(2, 1))


@pytest.fixture(scope="module")
def model():
    layers = keras.layers
    x = keras.Input((6, 6, 2))
    hidden = layers.Conv2D(4, 3, name="conv")(x)
    hidden = layers.DepthwiseConv2D(3, name="depthwise")(hidden)
    hidden = layers.SeparableConv2D(3, 1, name="separable")(hidden)
    hidden = layers.BatchNormalization(name="norm")(hidden)
    hidden = layers.GRU(2, name="gru")(layers.Reshape((4, 3))(hidden))
    return keras.Model(x, layers.Dense(3, name="head")(hidden))


def paths(found):
    return [[weight.path for weight in group.weights] for group in found]


def test_auto_is_kernels_but_depthwise_ones(model):
    found = groups(model, SCHEDULE, Choice(), Pattern())
    kernels = ["conv/kernel", "separable/pointwise_kernel", "gru/gru_cell/kernel", "gru/gru_cell/recurrent_kernel"]
    assert paths(found) == [[one] for one in (*kernels, "head/kernel")]


def test_embeddings_are_pruned():
    tokens = keras.Sequential([keras.Input((4,)), keras.layers.Embedding(9, 4, name="tokens")])
    assert paths(groups(tokens, SCHEDULE, Choice(), Pattern()))[0][0].endswith("tokens/embeddings")


def twins(make):
    """A model of two nested ones, whose weights have the same paths."""
    x, nested = keras.Input((6, 6, 2)), []
    for name in ("left", "right"):
        inside = keras.Input((6, 6, 2))
        nested.append(keras.Model(inside, make(inside), name=name))
    return keras.Model(x, keras.layers.Add()([one(x) for one in nested]))


def test_weights_with_the_same_path_are_all_pruned():
    both = twins(lambda x: keras.layers.Conv2D(2, 3, name="conv")(x))
    found = groups(both, SCHEDULE, Choice(), Pattern())
    assert paths(found) == [["conv/kernel"], ["conv/kernel"]]
    assert [id(group.weights[0]) for group in found] == [
        id(both.get_layer(name).get_layer("conv").kernel) for name in ("left", "right")
    ]
    assert len(groups(both, SCHEDULE, Choice(scope="global"), Pattern())[0].weights) == 2


def test_a_path_that_a_depthwise_kernel_has_too_is_pruned():
    layers = iter((keras.layers.Conv2D, keras.layers.DepthwiseConv2D))

    def make(x):
        kind = next(layers)
        return kind(2, 3, name="same")(x) if kind is keras.layers.Conv2D else kind(3, name="same")(x)

    both = twins(make)
    assert [one.path for one in both.trainable_variables if one.name == "kernel"] == ["same/kernel", "same/kernel"]
    found = groups(both, SCHEDULE, Choice(), Pattern())
    assert [id(one) for group in found for one in group.weights] == [
        id(both.get_layer("left").get_layer("same").kernel)
    ]


def test_what_does_not_train_is_not_pruned():
    frozen = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2, name="head")])
    frozen.layers[0].trainable = False
    assert len(groups(frozen, SCHEDULE, Choice(), Pattern())) == 1


def test_patterns_exclusions_and_layers(model):
    choice = Choice(match=["*/kernel"], exclude=["conv/*"], layers={"head/*": 0.5, "gru/*_kernel": 0, "gru/*": 0.9})
    with pytest.raises(PatternError, match="matches no weight that is pruned"):
        groups(model, SCHEDULE, choice, Pattern())
    choice = Choice(match=["*kernel"], exclude=["conv/*", "*pth*"], layers={"head/*": 0.5, "gru/*/rec*": 0})
    found = groups(model, SCHEDULE, choice, Pattern())
    assert paths(found) == [["separable/pointwise_kernel"], ["gru/gru_cell/kernel"], ["head/kernel"]]
    assert [group.schedule.final for group in found] == [0.8, 0.8, 0.5]


def test_global_is_one_group_without_what_has_its_own_sparsity(model):
    found = groups(model, SCHEDULE, Choice(scope="global", layers={"head/*": 0.5}), Pattern())
    assert [len(group.weights) for group in found] == [1, 4]


@pytest.mark.parametrize(
    ("choice", "pattern", "said", "argument"),
    [
        (
            Choice(match=["hed/*"]),
            Pattern(),
            "'hed/\\*' matches no trainable weight; there are conv/kernel",
            ("match",),
        ),
        (Choice(exclude=["norm/*"]), Pattern(), "matches no weight that is pruned", ("exclude",)),
        (Choice(exclude=["*"]), Pattern(), "every weight is excluded", ("exclude",)),
        (Choice(layers={"x/*": 0.5}), Pattern(), "'x/\\*' matches no trainable weight", ("layers", "x/*")),
        (Choice(layers={"*": 0}), Pattern(), "nothing is left", ("layers",)),
        (Choice(), BLOCKS, "conv/kernel has shape \\(3, 3, 2, 4\\): blocks are for matrices", ("block_size",)),
        (Choice(match="head/kernel"), Pattern((2, 1)), "less than two blocks", ("block_size",)),
        (Choice(match="norm/gamma"), Pattern(sparsity_m_by_n=(2, 4)), "m of n is for", ("sparsity_m_by_n",)),
    ],
)
def test_what_is_refused(model, choice, pattern, said, argument):
    with pytest.raises(PatternError, match=said) as error:
        groups(model, SCHEDULE, choice, pattern)
    assert error.value.argument == argument


def test_every_pattern_and_every_shape_that_does_not_fit_is_named(model):
    choice = Choice(match=["no/*", "zip*"], exclude=["also/*", "head/*"], layers={"mist*": 0.3, "conv/*": 0.2})
    with pytest.raises(PatternError, match=r"'no/\*' .*; 'zip\*' .*; 'also/\*' .*; 'mist\*' matches") as error:
        groups(model, SCHEDULE, choice, Pattern())
    assert [one.argument for one in error.value.each] == [("match",), ("match",), ("exclude",), ("layers", "mist*")]
    both = r"conv/kernel has shape .*; separable/pointwise_kernel has .*; gru/.*; head/kernel has shape \(2, 3\): less"
    with pytest.raises(PatternError, match=both):
        groups(model, SCHEDULE, Choice(), BLOCKS)


def test_a_model_without_kernels():
    model = keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization()])
    with pytest.raises(PatternError, match="no kernel or embedding that trains"):
        groups(model, SCHEDULE, Choice(), Pattern())


def test_a_function_has_no_other_sparsity(model):
    with pytest.raises(PatternError, match="a schedule of your own"):
        groups(model, lambda step: (True, 0.5), Choice(layers={"head/*": 0.5}), Pattern())
    assert groups(model, ConstantSparsity(0.5, 0), Choice(layers={"head/*": 0.7}), Pattern())[-1].schedule.final == 0.7
