"""What a request is made of: characters by script, messages, tools and media, each with the tokens it starts at."""

from __future__ import annotations

from typing import Final

# Kinds of character, told apart by the first byte of their UTF-8.
LETTERS, MARKS, ACCENTED, CYRILLIC, ARABIC, INDIC, OTHER, CJK, HANGUL, RARE = range(10)
# What isn't text, and text that a tokenizer has counted.
COUNTED, MESSAGES, TOOLS, IMAGES, SOUND, VIDEO, PAGES = range(10, 17)

TOKENS_EACH: Final = (
    0.22,  # ASCII letters and spaces: English 0.22, German 0.25, code 0.22
    0.60,  # digits, punctuation and line breaks: CSV 0.68, Markdown 0.61, JSON 0.58, Python 0.46
    1.00,  # accented Latin letters: Polish 1.7, French and Turkish 0.9
    0.38,  # Cyrillic, Greek, Armenian: Russian 0.31, Ukrainian 0.43, Greek 0.44
    0.43,  # Arabic and Hebrew: 0.39 to 0.44
    0.42,  # Devanagari and the other scripts of India, Thai: Hindi 0.36, Bengali 0.40, Thai 0.46
    0.60,  # Georgian 0.41, Vietnamese 0.52, dashes, arrows and quotation marks
    0.95,  # Chinese 0.84 to 1.04, Japanese 0.87
    0.82,  # Korean
    1.60,  # emoji and rare scripts
    1.00,  # a token is a token
    1.00,
    1.00,
    1_000.0,  # an image: 85 to 4,784 among the vendors' models
    32.0,  # a second of sound: Gemini's 32, OpenAI's 10
    295.0,  # a second of video: Gemini's frame of 258 and the sound
    1_500.0,  # a page: Anthropic's text and picture of one, 1,500 to 3,000
)
"""Tokens of one of each before anything was learned.

Of text: measured in OpenAI's vocabulary `o200k_base` on the samples of tests/integration/test_starting_ratios.py, which
holds these figures (2026-11). Of media: the vendors' pages, read 2026-11.
"""

Load = list[tuple[int, float]]
"""Features of a request, each once, with the tokens that it starts at."""

_LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz "
_LETTER: Final = TOKENS_EACH[LETTERS]
_MARK: Final = TOKENS_EACH[MARKS]


def _kind_of(byte: int) -> int:
    """The kind of character that begins with a byte of UTF-8."""
    if byte < 0x80:
        return LETTERS if byte in _LETTERS else MARKS
    bounds = ((0xCC, ACCENTED), (0xD6, CYRILLIC), (0xE0, ARABIC), (0xE1, INDIC), (0xE3, OTHER), (0xEA, CJK))
    further = ((0xEE, HANGUL), (0xF0, OTHER))
    return next((kind for above, kind in (*bounds, *further) if byte < above), RARE)


_KINDS: Final = bytes(map(_kind_of, range(256)))
_INNER: Final = bytes(range(0x80, 0xC0))
_OF_TEXT: Final = tuple(enumerate(TOKENS_EACH[:COUNTED]))


def load_of_text(text: str) -> Load:
    """The characters of a text, by kind. Its time is that of a few passes over the bytes, whatever they are."""
    if text.isascii():
        marks = len(text.encode().translate(None, _LETTERS))
        return [(LETTERS, (len(text) - marks) * _LETTER), (MARKS, marks * _MARK)]
    kinds = text.encode(errors="surrogatepass").translate(_KINDS, _INNER)
    counts = ((kind, kinds.count(kind), each) for kind, each in _OF_TEXT)
    return [(kind, count * each) for kind, count, each in counts if count]
