"""Which of OpenAI's vocabularies a model has, and how many tokens a text is in it."""

from __future__ import annotations

from functools import cache
from typing import Final

from modelscan_tokenizer_tiktoken.vocabularies import encoding

# Two encodings that differ in their special tokens alone, which a text has none of.
_SAME: Final = {"o200k_harmony": "o200k_base"}
_CARRIED: Final = frozenset({"cl100k_base", "o200k_base"})


class Tiktoken:
    """The tokens of OpenAI's models, and of its open ones wherever they run."""

    name = "tiktoken"

    def count(self, text: str, model: str) -> int | None:
        """How many tokens the text has; None for a model of another vendor, or one whose vocabulary isn't known.

        The model may be named with its provider (`openai/gpt-4o`). What looks like a special token counts as text,
        which is how the API takes it.
        """
        name = _encoding_of(model)
        found = None if name is None else encoding(name)
        return None if found is None else len(found.encode_ordinary(text))


@cache
def _encoding_of(model: str) -> str | None:
    from tiktoken.model import encoding_name_for_model

    try:
        name = encoding_name_for_model(model.rpartition("/")[2])
    except KeyError:
        return None
    name = _SAME.get(name, name)
    return name if name in _CARRIED else None
