"""`stages`: what a stage takes over of `training`, and orders that undo themselves."""

import pytest

from kspec import text
from kspec.errors import SpecError
from kspec.spec.reader import read
from kspec.spec.writer import write

BASE = """
data: {sklearn: digits}
model: MLP
training:
  epochs: 9
  optimizer: {SGD: {momentum: 0.9}}
  learning_rate: {peak: 0.4, decay: cosine}
  weight_decay: 0.01
  callbacks: [Lookahead]
"""


def spec(stages, more=""):
    return read(text.read_text(f"{BASE}{more}\nstages: {stages}\n"))


def training(stage):
    whole = spec(f"[{stage}]")
    return whole.stages[0].chosen[1].training(whole.training)


def test_a_stage_has_the_training_of_the_base_but_for_its_length():
    found = training("{train: {epochs: 2}}")
    assert found == spec("[]").training.model_copy(update={"epochs": 2})


def test_what_a_stage_says_takes_the_place_of_a_whole_key():
    found = training("{train: {epochs: 2, learning_rate: 0.01, callbacks: []}}")
    assert (found.learning_rate.peak, found.learning_rate.decay.chosen[0], found.callbacks) == (0.01, "constant", ())
    assert found.weight_decay.value == 0.01


def test_another_optimizer_has_its_own_rate_and_decay():
    found = training("{train: {epochs: 2, optimizer: Adam}}")
    assert (found.learning_rate.peak, found.weight_decay) == (0.001, None)
    found = training("{train: {epochs: 2, optimizer: {SGD: {learning_rate: 0.2}}}}")
    assert (found.learning_rate.peak, found.weight_decay) == (0.2, None)


def test_sparsity_is_short_for_a_schedule():
    short, long = (
        spec(f"[{{prune_weights: {{epochs: 2, {one}}}}}]").stages[0].prune_weights.pruning
        for one in ("sparsity: 0.8", "schedule: {PolynomialDecay: {final_sparsity: 0.8}}")
    )
    assert short.schedule == long.schedule


def test_the_complete_spec_reads_back():
    stages = """
  - prune_neurons: {ratio: {"dense*": 0.5}}
  - drop_layers: dense2
  - train: {epochs: 2, model: CNN, distill: {teacher: [base, a.keras], soft: DecoupledDistillation}}
  - prune_weights: {sparsity_m_by_n: [2, 4], epochs: 1, distill: {teacher: self, decay: 0.9}}
"""
    found = spec(stages, 'require: {macs: "<= base / 2"}')
    assert read(text.read_text(write(found))) == found
    assert found.stages[2].train.distill.teacher[0] == "base"
    assert found.stages[2].train.distill.teacher[1].endswith("/a.keras")


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ("[{prune_weights: {sparsity: 0.5, epochs: 1}}, {train: {epochs: 1}}]", "would fill the zeros again"),
        ("[{prune_weights: {sparsity: 0.5, epochs: 1}}, {train: {epochs: 1, from_scratch: true}}]", "the zeros again"),
        ("[{train: {epochs: 1, from_scratch: true, model: CNN}}]", "`model` is a new network, and from_scratch"),
        ("[{prune_weights: {epochs: 1}}]", "what says how much to prune is missing"),
        ("[{prune_weights: {epochs: 1, sparsity: 0.5, sparsity_m_by_n: [2, 4]}}]", "takes the place of"),
        ("[prune_neurons]", "exactly one says how much goes"),
        ("[{prune_neurons: {macs: 0.5, ratio: 0.5}}]", "exactly one says how much goes"),
        ("[{train: {}}]", "the required key 'epochs' is missing"),
        ("[{train: {epochs: 1, distill: {teacher: self, views: 2}}}]", "changes with every step"),
        ("[{train: {epochs: 1, distill: {teacher: base, average_views: true}}}]", "`views` is missing"),
        ("[{train: {epochs: 1, distill: {teacher: base, decay: 0.9}}}]", "no other moving average"),
        ("[{train: {epochs: 1, distill: {teacher: base, weight: 1, soft: DecoupledDistillation}}}]", "takes the place"),
        ("[{train: {epochs: 1}, prune_neurons: {macs: 0.5}}]", "exactly one is needed"),
        (
            "[{prune_weights: {sparsity: 0.8, epochs: 1}}, {prune_weights: {sparsity: 0.5, epochs: 1, match: a/*}}]",
            "it chooses other weights than .*prune_weights",
        ),
        (
            "[{prune_weights: {sparsity: 0.8, epochs: 1}}, {train: {epochs: 1, from_scratch: true, baseline: true}}, "
            "{prune_weights: {sparsity: 0.9, epochs: 1, layers: {a/*: 0}}}]",
            "it chooses other weights",
        ),
        ("[{shrink: {}}]", "unknown key"),
        ("[{bench: 0}]", "at least 1"),
        ("[{bench: [1, 8, 1]}]", "stands in the list before"),
        ("[{bench: []}]", "at least 1"),
        ("[{bench: true}]", "wrong type"),
        ("[{quantize: keras}, bench, {train: {epochs: 1}}]", "cannot train or cut the layers"),
    ],
)
def test_what_is_refused(stages, message):
    with pytest.raises(SpecError, match=message):
        spec(stages)


def test_pruned_again():
    first = "{prune_weights: {sparsity: 0.5, epochs: 1, exclude: [a/*, b/*], layers: {c/*: 0.2}}}"
    again = "{prune_weights: {sparsity_m_by_n: [2, 4], epochs: 1, exclude: [b/*, a/*], layers: {c/*: 0.9}}}"
    everything = "{prune_weights: {sparsity: 0.9, epochs: 1, layers: {c/*: 0.5}}}"
    anew = "{train: {epochs: 1, model: {MLP: {hidden: [4]}}}}"
    for stages in (f"{first}, {again}", f"{first}, {everything}", f"{everything}, {anew}, {first}"):
        spec(f"[{stages}]")
    with pytest.raises(SpecError, match=r"it chooses other weights than training\.pruning"):
        spec(f"[{first}]", "  pruning: {sparsity_m_by_n: [2, 4]}")


def test_bench_in_short():
    short, long, bare = (
        spec(f"[{one}]").stages[0].bench for one in ("{bench: 8}", "{bench: {batch_sizes: [8], rounds: 20}}", "bench")
    )
    assert short == long
    assert bare.batch_sizes == (1, 64)
    assert spec("[{bench: [8, 1]}]").stages[0].bench.batch_sizes == (8, 1)


def test_after_its_bench_a_model_may_be_written_but_not_changed():
    gate = 'require: {latency_64_ms: "<= base / 3"}'
    spec("[{train: {epochs: 1}}, bench, {export: litert}, {bench: 1}]", gate)
    spec("[bench, {train: {epochs: 1, from_scratch: true, baseline: true}}]", gate)
    for stage in ("{train: {epochs: 1}}", "{quantize: int8}", "{quantize: keras}"):
        with pytest.raises(SpecError, match="comes after the last bench of this batch size"):
            spec(f"[bench, {stage}, {{bench: 1}}]", gate)


@pytest.mark.parametrize(
    ("stages", "found"), [("[]", "no bench"), ("[{bench: 1}, {bench: [8, 1]}]", "a bench of 1, 8")]
)
def test_a_latency_that_is_not_measured(stages, found):
    with pytest.raises(SpecError) as refused:
        spec(stages, 'require: {latency_64_ms: "<= base"}')
    [problem] = refused.value.problems
    assert (problem.path, problem.message, problem.found) == (
        ("require", "latency_64_ms"),
        "no stage measures it",
        found,
    )


def test_a_new_network_has_no_zeros_to_keep():
    spec("[{prune_weights: {sparsity: 0.5, epochs: 1}}, {train: {epochs: 1, model: MLP}}]")


def test_a_baseline_undoes_nothing_and_makes_nothing_new():
    zeros, beside = "{prune_weights: {sparsity: 0.5, epochs: 1}}", "{train: {epochs: 1, baseline: true, %s}}"
    spec(f"[{zeros}, {beside % 'from_scratch: true'}]")
    with pytest.raises(SpecError, match=r"zeros again that stages\[0\]\.prune_weights has made"):
        spec(f"[{zeros}, {beside % 'model: MLP'}, {{train: {{epochs: 1}}}}]")


def test_zeros_of_the_base_are_not_trained_away():
    pruning = "  pruning: {schedule: {PolynomialDecay: {final_sparsity: 0.5}}}"
    with pytest.raises(SpecError, match=r"zeros again that training\.pruning has made"):
        spec("[{train: {epochs: 1}}]", pruning)


def test_a_gate_needs_stages_to_compare_with_the_base():
    with pytest.raises(SpecError, match="there are no stages"):
        spec("[]", 'require: {test_accuracy: ">= base - 0.01"}')
