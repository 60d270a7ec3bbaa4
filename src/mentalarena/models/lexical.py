"""The offline embedder: hashed words and word pairs; no download, no fitting, so vectors depend on no corpus."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class LexicalEmbedder:
    """Unit vectors of hashed words and pairs (scikit-learn's HashingVectorizer). Equal texts have cosine 1.

    It sees words, not meaning: good for the generated clinic, poor for prose; use sentence-transformers there.
    """

    def __init__(self, dimensions: int = 4096) -> None:
        self._dimensions = dimensions
        self._cache: dict[str, NDArray[np.float32]] = {}

    @property
    def name(self) -> str:
        return f"lexical-{self._dimensions}"

    @cached_property
    def _vectorizer(self) -> Any:
        from sklearn.feature_extraction.text import HashingVectorizer

        return HashingVectorizer(
            n_features=self._dimensions, ngram_range=(1, 2), alternate_sign=False, token_pattern=r"(?u)\b\w+\b"
        )

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (len(texts), dimensions); all zeros for a text without words."""
        fresh = [t for t in dict.fromkeys(texts) if t not in self._cache]
        if fresh:
            if len(self._cache) > 4096:
                self._cache.clear()
                fresh = list(dict.fromkeys(texts))
            rows = self._vectorizer.transform(fresh).toarray().astype(np.float32)
            self._cache.update(zip(fresh, rows, strict=True))
        return np.stack([self._cache[t] for t in texts])
