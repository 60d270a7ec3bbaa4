"""Embeddings that see meaning: a sentence-transformers model by folder or hub name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class SentenceEmbedder:
    """An `Embedder`. Texts that were embedded before are not embedded again."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._cache: dict[str, NDArray[np.float32]] = {}

    @property
    def name(self) -> str:
        return self._model

    @cached_property
    def _encoder(self) -> Any:
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(self._model, device="cpu")

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (len(texts), d), unit norm."""
        fresh = [t for t in dict.fromkeys(texts) if t not in self._cache]
        if fresh:
            rows = self._encoder.encode(fresh, normalize_embeddings=True, show_progress_bar=False)
            self._cache.update(zip(fresh, np.asarray(rows, np.float32), strict=True))
        return np.stack([self._cache[t] for t in texts])
