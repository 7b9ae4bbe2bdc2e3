"""Texts: TF-IDF of words and pairs of words, and a linear model on it."""

from __future__ import annotations

import re
from functools import partial

import numpy as np

from kspec.baseline.fitted import Fitted, fit_each
from kspec.builders.examples import Examples, Task
from kspec.parts.standardize import TAG

FEW = 1_000
"""Texts below which a word counts that stands in one of them only; from there on it must stand in two."""
STRENGTH = 30.0
"""`C` of the logistic regression. scikit-learn's own 1 holds texts back too much: on 5,000 reviews held out of IMDb's
train split, C of 1, 4, 10 and 30 gave 89.1, 90.0, 90.5 and 90.7 %."""
MOST_WEIGHTS = 4_000_000
"""Words times outputs: the solver keeps some twenty copies of its weights. The most frequent words stay."""
STEPS = 1_000
"""The most steps of the solver."""


def fit_texts(train: Examples, task: Task, outputs: int, strip_html: bool) -> Fitted:
    """TF-IDF of words and pairs of words in lower case, with sublinear term frequency, and a linear model.

    Logistic regression for classes and labels, ridge regression for numbers.

    Args:
        train: x is an object array of texts (n,).
        task, outputs: as in kspec.builders.examples.Datasets.
        strip_html: tags become spaces first, as `data.text.strip_html` says.

    Raises:
        ValueError: the texts hold no word.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression, Ridge

    vectorizer = TfidfVectorizer(
        preprocessor=partial(plain, strip_html=strip_html),
        token_pattern=r"\w+",
        ngram_range=(1, 2),
        min_df=1 if len(train) < FEW else 2,
        max_features=max(1, MOST_WEIGHTS // outputs),
        sublinear_tf=True,
        dtype=np.float32,
    )
    x = vectorizer.fit_transform(train.x)
    linear = Ridge() if task == "regression" else LogisticRegression(C=STRENGTH, max_iter=STEPS)
    predict = fit_each(linear, x, train.y, task, outputs)
    name = "ridge" if task == "regression" else "logistic"
    return Fitted(f"TF-IDF + {name} regression", lambda texts: predict(vectorizer.transform(texts)))


def plain(text: str, strip_html: bool) -> str:
    """A text in lower case, with a space for each tag such as `<br />` where that is asked for."""
    return (re.sub(TAG, " ", text) if strip_html else text).lower()


def as_texts(ids: np.ndarray) -> np.ndarray:
    """Lists of word ids (n, length) as texts, an id a word: "14 9 2". 0 is padding and left out."""
    return np.array([" ".join(map(str, row[row != 0].tolist())) for row in ids], object)
