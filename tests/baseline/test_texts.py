"""TF-IDF and a linear model, against scikit-learn called by hand."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge

from kspec.baseline import texts
from kspec.baseline.texts import as_texts, fit_texts, plain
from kspec.builders.examples import Examples

WORDS = np.array(["good", "bad", "dull", "fine", "film", "not"])


def drawn(count):
    rng = np.random.default_rng(0)
    return np.array([" ".join(rng.choice(WORDS, 6)) for _ in range(count)], object)


def test_it_is_the_textbook_baseline():
    x = drawn(40)
    y = np.array(["good film" in text for text in x]).astype("int64")
    fitted = fit_texts(Examples(x, y), "classification", 2, strip_html=False)
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+")
    expected = LogisticRegression(C=30.0).fit(vectorizer.fit_transform(x), y).predict_proba(vectorizer.transform(x))
    np.testing.assert_allclose(fitted.predict(x), expected, atol=2e-3)
    assert fitted.name == "TF-IDF + logistic regression"


def test_numbers_are_predicted_by_ridge_regression():
    x = drawn(40)
    y = np.array([[text.count("good"), text.count("bad")] for text in x], "float32")
    fitted = fit_texts(Examples(x, y), "regression", 2, strip_html=False)
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+")
    expected = Ridge().fit(vectorizer.fit_transform(x), y).predict(vectorizer.transform(x))
    np.testing.assert_allclose(fitted.predict(x), expected, atol=1e-2)
    assert fitted.name == "TF-IDF + ridge regression"


def test_in_many_texts_a_word_must_stand_twice(monkeypatch):
    """A word that only one text holds decides nothing from `FEW` texts on."""
    x = np.array(["same words odd" if i == 0 else "same words" for i in range(8)], object)
    y = np.array([1, *[0] * 7])
    sure = fit_texts(Examples(x, y), "classification", 2, strip_html=False).predict(x)[0, 1]
    monkeypatch.setattr(texts, "FEW", 8)
    blind = fit_texts(Examples(x, y), "classification", 2, strip_html=False).predict(x)
    assert sure > 0.5 > blind[0, 1]
    assert blind[0, 1] == pytest.approx(blind[1, 1])


def test_the_most_frequent_words_stay(monkeypatch):
    monkeypatch.setattr(texts, "MOST_WEIGHTS", 2)
    x = np.array(["a a a b", "a a a c"] * 4, object)
    fitted = fit_texts(Examples(x, np.array([0, 1] * 4)), "classification", 2, strip_html=False)
    np.testing.assert_allclose(fitted.predict(x), 0.5, atol=1e-3)  # only `a` is left, which tells nothing


@pytest.mark.parametrize(
    ("strip_html", "expected"), [(True, "good ÄRGER film".lower()), (False, "good<br />ärger film")]
)
def test_tags_and_case(strip_html, expected):
    assert plain("Good<br />ÄRGER film", strip_html) == expected


def test_ids_become_words_without_padding():
    assert as_texts(np.array([[14, 9, 2, 0, 0], [0, 0, 0, 0, 0]], "int32")).tolist() == ["14 9 2", ""]
