"""Names that mean the same in other words (paper 3.2, clustering): their nearness by a small static embedding.

The embedding comes in the package `wordllama`, if that is installed (the extra `embedding`): a vector for each of
32,000 parts of words, of which a name's is the mean. Its two files are read where they lie. The package itself is not
imported: that would set up this process's logging and load a client for downloads. Invented and rare names are near
where they share parts, which costs a question to the linker.

Shapes: N names, B of them in a block, V parts of words, D dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from tokenizers import Tokenizer

PACKAGE = "wordllama"
VECTORS, TOKENIZER = "weights/l2_supercat_256.safetensors", "tokenizers/l2_supercat_tokenizer_config.json"
SCALE = 4000  # of unit vectors made whole numbers: their products stay below 2**24, where float32 adds without error
BLOCK_CELLS = 1 << 22  # of the matrix of all products that are held at once


def embedding_name() -> str | None:
    """The embedding that is installed, as a manifest names it ("wordllama 0.4.0"); None where there is none."""
    return None if _folder() is None else f"{PACKAGE} {metadata.version(PACKAGE)}"


def near_pairs(names: Sequence[str], least: float, nearest: int) -> list[tuple[str, str, float]]:
    """Pairs of different names whose words lie near each other, each sorted, with its cosine; in sorted order.

    Of each name only the `nearest` others are looked at. A pair counts where the cosine of the names is `least` or
    more, and that of the words that they do not share as well. No pair where one name holds all words of the other,
    and none at all where no embedding is installed. The cosines are exact, so that every machine gives the same.
    """
    folder = _folder()
    names = sorted(set(names))
    if folder is None or len(names) < 2:
        return []
    embedding = _load(folder)
    found: dict[tuple[str, str], float] = {}
    for first, second, cosine in _nearest(embedding.vectors(names), least, nearest):
        pair = names[min(first, second)], names[max(first, second)]
        if pair in found:
            continue
        own = _own_words(*pair)
        if own == pair or (all(own) and embedding.cosine(*own) >= least):
            found[pair] = cosine
    return [(*pair, found[pair]) for pair in sorted(found)]


@dataclass(frozen=True)
class _Embedding:
    tokenizer: Tokenizer
    table_VD: npt.NDArray[np.float16]

    def vectors(self, names: Sequence[str]) -> npt.NDArray[np.float32]:
        """The names' unit vectors, in whole numbers of 1/SCALE; zero for a name without a part."""
        import numpy as np

        vector_ND = np.zeros((len(names), self.table_VD.shape[1]), dtype=np.float32)
        for place, name in enumerate(names):
            parts = self.tokenizer.encode(name, add_special_tokens=False).ids
            sum_D = self.table_VD[parts].sum(axis=0, dtype=np.float64)  # without error: half floats in a double
            length = float(np.sqrt(np.square(sum_D).sum()))
            if length:
                vector_ND[place] = np.rint(sum_D * (SCALE / length))
        return vector_ND

    def cosine(self, first: str, second: str) -> float:
        vector_2D = self.vectors([first, second])
        return float(vector_2D[0] @ vector_2D[1]) / SCALE**2


def _own_words(first: str, second: str) -> tuple[str, str]:
    """The words of each of two names that the other has not."""
    left, right = first.split(), second.split()
    return " ".join(word for word in left if word not in right), " ".join(word for word in right if word not in left)


def _nearest(vector_ND: npt.NDArray[np.float32], least: float, nearest: int) -> Iterator[tuple[int, int, float]]:
    """Each row with its `nearest` other rows of a cosine of `least` or more; of equal ones the first."""
    import numpy as np

    rows = max(1, BLOCK_CELLS // len(vector_ND))
    for start in range(0, len(vector_ND), rows):
        product_BN = vector_ND[start : start + rows] @ vector_ND.T
        own, other = np.nonzero(product_BN >= least * SCALE**2)
        product = product_BN[own, other]
        apart = own + start != other
        own, other, product = own[apart], other[apart], product[apart]
        order = np.lexsort((other, -product, own))
        own, other, product = own[order], other[order], product[order]
        rank = np.arange(len(own)) - np.searchsorted(own, own)
        for place in np.flatnonzero(rank < nearest):
            yield int(own[place]) + start, int(other[place]), float(product[place]) / SCALE**2


def _folder() -> Path | None:
    """Where the package's files are; None where it is not installed, or carries others."""
    try:
        folder = Path(str(metadata.distribution(PACKAGE).locate_file(PACKAGE)))
    except metadata.PackageNotFoundError:
        return None
    whole = find_spec("safetensors") is not None and all((folder / name).is_file() for name in (VECTORS, TOKENIZER))
    return folder if whole else None


@lru_cache(maxsize=1)
def _load(folder: Path) -> _Embedding:
    """The embedding of a folder: 0.2 s and 16 MB, once a process."""
    from safetensors import safe_open
    from tokenizers import Tokenizer

    with safe_open(folder / VECTORS, framework="numpy") as file:
        table_VD: Any = file.get_tensor("embedding.weight")
    return _Embedding(Tokenizer.from_file(str(folder / TOKENIZER)), table_VD)
