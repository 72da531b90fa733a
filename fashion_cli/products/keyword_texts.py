"""What a shop says about the products on photographs, for searches by words."""

from collections.abc import Iterable, Sequence

import numpy as np

from fashion_cli.products.catalogue import Catalogue
from fashion_cli.retrieval.lexicon import Term, words_of
from fashion_cli.retrieval.word_search import TextMatches


class ProductTexts:
    """Names, brands, keywords and categories of products that are not gone.

    Args:
        catalogue: The products.
        item_ids: Of every photograph of a gallery; "" where nobody knows it.
    """

    def __init__(self, catalogue: Catalogue, item_ids: Sequence[str]) -> None:
        self._catalogue, self._item_ids = catalogue, item_ids

    def find(self, term: Term) -> TextMatches:
        texts = self._catalogue.texts(term.stems)
        items = {item_id for item_id, text in texts if term.is_in(text.replace("_", " "))}
        return TextMatches(np.array([item_id in items for item_id in self._item_ids], np.bool_), bool(items))

    def words(self) -> Iterable[str]:
        return {word for _, text in self._catalogue.texts() for word in words_of(text)}
