from kspec.parts.models.cnn import CNN
from kspec.parts.models.mlp import MLP


def test_parameters_of_a_cnn_by_hand():
    model = CNN((8, 8, 1), 3, filters=[4, 6], batch_norm=False, dense=[5])
    # convolutions 9*1*4 + 4 and 9*4*6 + 6; dense 6*5 + 5 and 5*3 + 3; standardize: 1 mean, 1 variance, 1 count
    assert model.count_params() == 40 + 222 + 35 + 18 + 3


def test_flatten_keeps_every_place():
    model = CNN((8, 8, 1), 3, filters=[4], batch_norm=False, global_pooling="flatten")
    assert model.get_layer("predictions").kernel.shape == (4 * 4 * 4, 3)


def test_images_may_be_of_any_size():
    assert CNN((3, 200, 2), 3, filters=[4, 4, 4]).output_shape == (None, 3)
    assert CNN((None, None, 1), 3).output_shape == (None, 3)


def test_a_convolution_count_a_stage():
    names = [layer.name for layer in CNN((8, 8, 1), 3, filters=[4, 4], convolutions=2).layers]
    assert [name for name in names if name.endswith("_conv")] == [
        "stage1_1_conv",
        "stage1_2_conv",
        "stage2_1_conv",
        "stage2_2_conv",
    ]


def test_parameters_of_an_mlp_by_hand():
    assert MLP((4,), 3, hidden=[5, 6]).count_params() == 25 + 36 + 21
    # Batch norm takes the bias (5) and brings gamma, beta, mean, variance (4 * 5).
    assert MLP((4,), 3, hidden=[5], batch_norm=True).count_params() == 20 + 20 + 18
    assert MLP((4,), 3, hidden=[]).count_params() == 15
