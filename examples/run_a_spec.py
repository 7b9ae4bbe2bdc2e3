"""A spec from Python: read it, change it, build it, train it with `model.fit`, and look at what came out."""

from pathlib import Path

import kspec

SPEC = Path(__file__).parent.parent / "specs" / "quickstart.yaml"


def main(epochs: int = 5) -> float:
    """Trains the quickstart spec and returns its test accuracy."""
    spec = kspec.load_spec(SPEC, [f"training.epochs={epochs}"])
    experiment = kspec.build(spec)
    experiment.model.summary()
    history = experiment.fit(verbose=2)
    print("validation accuracy by epoch:", [round(value, 3) for value in history.history["val_accuracy"]])
    result = experiment.model.evaluate(experiment.test, return_dict=True, verbose=0)
    print(f"test accuracy {result['accuracy']:.3f}")
    return float(result["accuracy"])


if __name__ == "__main__":
    main()
