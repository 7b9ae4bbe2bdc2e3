"""`data.baseline`: a classical model of scikit-learn on the same train split, to hold the network's metrics against.

| data                     | classes, labels                           | numbers                                |
|--------------------------|-------------------------------------------|----------------------------------------|
| texts, lists of word ids | TF-IDF + logistic regression              | TF-IDF + ridge regression              |
| tables, other arrays     | logistic regression, or gradient boosting | ridge regression, or gradient boosting |
| images                   | nearest class mean (classes only)         | none                                   |

It reads texts as they stand in the data, whatever form the network reads them in; tables, arrays and images as the data
builder prepares them. Augmentation, class weights and `training.steps_per_epoch` do not reach it.
"""

from kspec.baseline.choose import check
from kspec.baseline.compare import verdict
from kspec.baseline.measure import Baseline, measured

__all__ = ["Baseline", "check", "measured", "verdict"]
