"""Small valid specs for property tests."""

from hypothesis import strategies as st

numbers = st.floats(1e-6, 10.0, allow_nan=False).map(lambda value: float(f"{value:.4g}"))
spans = st.one_of(
    st.integers(1, 5).map(lambda n: f"{n} epochs"),
    st.integers(1, 500).map(lambda n: f"{n} steps"),
    st.integers(1, 99).map(lambda n: f"{n}%"),
    st.floats(0.01, 0.99),
)
sources = st.sampled_from(
    [
        {"sklearn": "digits"},
        {"tfds": "cifar10"},
        {"keras": "mnist"},
        {"csv": "table.csv"},
        {"npz": {"path": "a.npz", "x": "images"}},
    ]
)
splits = st.one_of(st.none(), st.floats(0.01, 0.5), st.sampled_from(["test", "train[:90%]", "train[45000:]"]))
augmentations = st.lists(
    st.sampled_from(["RandomFlip", {"RandomFlip": {"mode": "horizontal"}}, {"RandomRotation": {"factor": 0.1}}]),
    max_size=2,
)
steps = st.sampled_from(
    [
        "drop_duplicates",
        {"drop_missing": {"columns": "a"}},
        {"fill_missing": {"strategy": "median"}},
        {"clip_outliers": {"factor": 3.0}},
        {"drop_labels": {"labels": [3, "x"]}},
        {"map_labels": {"labels": {"a": "b", "1": 2}}},
    ]
)
data = st.builds(
    lambda source, **rest: {**source, **rest},
    sources,
    validation=splits,
    test=splits,
    batch_size=st.integers(1, 512),
    shuffle=st.booleans(),
    baseline=st.booleans(),
    clean=st.lists(steps, max_size=3),
    augment=augmentations,
    image=st.fixed_dictionaries({"size": st.none() | st.lists(st.integers(1, 64), min_size=2, max_size=2)}),
)
penalties = st.sampled_from([None, "L2", {"L2": {"l2": 1e-4}}, {"*/kernel": {"L1": {"l1": 0.5}}, "head/*": None}])
models = st.one_of(
    st.just("MLP"),
    st.builds(
        lambda hidden, penalty: {"MLP": {"hidden": hidden}, "regularizer": penalty},
        st.lists(st.integers(1, 9), min_size=1),
        penalties,
    ),
    st.just({"layers": [{"Dense": {"units": 3, "name": "a"}}, "ReLU", {"Add": {"inputs": ["a", "previous"]}}]}),
    st.just({"MobileNetV2": {"weights": None}, "freeze": "base"}),
)
decays = st.one_of(
    st.sampled_from(["constant", "cosine", "linear", "inverse_sqrt"]),
    st.builds(lambda power: {"polynomial": {"power": power}}, numbers),
    st.builds(lambda at: {"step": {"at": at}}, st.lists(spans, min_size=1, max_size=3)),
    st.builds(lambda first: {"cosine_restarts": {"first": first}}, spans),
)
rates = st.one_of(
    st.none(),
    numbers,
    st.builds(lambda peak, warmup, decay: {"peak": peak, "warmup": warmup, "decay": decay}, numbers, spans, decays),
)
pruning = st.one_of(
    st.none(),
    st.just({"sparsity_m_by_n": [2, 4]}),
    st.builds(
        lambda share, begin, scope: {
            "schedule": {"PolynomialDecay": {"final_sparsity": share, "begin": begin}},
            "scope": scope,
            "layers": {"head/*": share},
        },
        st.floats(0, 0.99),
        spans,
        st.sampled_from(["layer", "global"]),
    ),
)
training = st.builds(
    lambda **keys: {key: value for key, value in keys.items() if value is not None},
    epochs=st.integers(1, 300),
    optimizer=st.sampled_from(["SGD", {"SGD": {"momentum": 0.9}}, "adam", {"AdamW": {"weight_decay": 0.01}}, "AdamW"]),
    learning_rate=rates,
    loss=st.sampled_from(["auto", "mse", {"CategoricalCrossentropy": {"label_smoothing": 0.1}}]),
    metrics=st.sampled_from(["accuracy", [], ["auto", {"TopKCategoricalAccuracy": {"k": 3}}]]),
    pruning=pruning,
    class_weight=st.sampled_from([None, "balanced", {"0": 2.0}]),
    callbacks=st.lists(
        st.sampled_from([{"EarlyStopping": {"monitor": "loss", "patience": 2}}, "TerminateOnNaN"]), max_size=2
    ),
)
specs = st.builds(
    lambda **keys: keys,
    name=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,10}", fullmatch=True),
    seed=st.integers(0, 2**31 - 1),
    data=data,
    model=models,
    training=training,
    device=st.fixed_dictionaries(
        {}, optional={"precision": st.sampled_from(["float32", "auto"]), "jit": st.sampled_from([True, False, "auto"])}
    ),
)
