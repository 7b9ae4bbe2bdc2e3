from kspec.eject.code import flat
from kspec.eject.component import call


def written(kinds, name, arguments, **options):
    return flat(call(kinds, name, arguments, **options))


def test_defaults_are_left_out():
    assert written("optimizer", "sgd", {"momentum": 0.9, "nesterov": False}) == "keras.optimizers.SGD(momentum=0.9)"
    assert written("layer", "Dense", {"units": 3, "use_bias": True}) == "keras.layers.Dense(units=3)"


def test_a_value_of_another_type_is_not_the_default():
    """1 == True and 0 == 0.0, but not to every constructor."""
    assert written("optimizer", "SGD", {"momentum": 0, "nesterov": 0}) == "keras.optimizers.SGD(momentum=0, nesterov=0)"


def test_arguments_stand_in_the_order_of_the_constructor():
    found = written("layer", "Conv2D", {"padding": "same", "kernel_size": 3, "filters": 4})
    assert found == 'keras.layers.Conv2D(filters=4, kernel_size=3, padding="same")'


def test_nested_components_are_calls_and_activations_names():
    arguments = {"units": 2, "activation": "relu", "kernel_regularizer": {"L2": {"l2": 0.1}}}
    assert written("layer", "Dense", arguments) == (
        'keras.layers.Dense(units=2, activation="relu", kernel_regularizer=keras.regularizers.L2(l2=0.1))'
    )


def test_explicit_leaves_no_initializer_to_the_constructor():
    arguments = {"kernel_initializer": "glorot_uniform", "units": 2}
    assert written("layer", "Dense", arguments) == "keras.layers.Dense(units=2)"
    assert written("layer", "Dense", arguments, explicit=True) == (
        "keras.layers.Dense(kernel_initializer=keras.initializers.GlorotUniform(), units=2)"
    )


def test_parts_of_kspec_go_by_their_own_name():
    assert written("augmentation", "RandomCrop", {"padding": 2}) == "RandomCrop(padding=2)"
    assert written("keras_hub", "BertTextClassifier", {"preset": "a"}) == (
        'keras_hub.models.BertTextClassifier.from_preset(preset="a")'
    )
