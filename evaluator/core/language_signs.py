"""Signs of a language that cost nothing to look for: the small words that stand in every text of it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence

SETTLED = 0.12
"""Of a text's words, the share of a language's small words from which on nothing more has to be asked."""
SOME = 0.05
_FEWEST_WORDS = 8
_SMALL_WORDS = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the and of to is that i it for with would this are not be was if so from we have at by which what then "
        "when only because before after my they has does do should could there their how more than each also but",
        "es": "el los las del que y en una para por con no se su es lo como más pero si sobre cuando porque antes "
        "sería son está cada este esta primero",
        "pt": "o os as do da dos das que e em uma para por com não se seu é como mais mas quando porque antes seria "
        "são cada este esta isso primeiro no na",
        "fr": "le les des du que et en une pour par avec ne pas se son est comme plus mais si quand parce avant serait "
        "sont chaque ce cette je on nous qui",
        "de": "der die das und ist nicht ein eine zu den von mit für auf im dem des als auch es ich wir wenn oder "
        "nur aber wird werden sind bei nach vor",
        "it": "il lo gli della dei delle che e una per con non si è come più ma se quando perché prima sarebbe sono "
        "ogni questo questa di",
        "nl": "het een en van is niet dat de voor met op zijn ik als ook maar wordt naar bij aan wat dan eerst",
        "pl": "i w na się nie że to jest z do jak po dla są od czy przed potem tylko",
        "ru": "и в не на что с по как это а но для из за бы от до или если только потом сначала",
    }.items()
}
LATIN = frozenset("en es pt fr de it nl pl sv da no fi cs hu ro tr id vi".split())
"""Languages that are written in Latin letters."""
_SCRIPTS = {
    "CYRILLIC": "Cyrillic letters", "ARABIC": "Arabic letters", "HEBREW": "Hebrew letters", "GREEK": "Greek letters",
    "CJK": "Chinese characters", "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "HANGUL": "Korean",
    "DEVANAGARI": "Devanagari letters", "BENGALI": "Bengali letters", "TAMIL": "Tamil letters", "THAI": "Thai letters",
}  # fmt: skip
_HALF = 0.5
_FENCED = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_SIGN = re.compile(r"[<>{}\[\]=|&$#@%^*+/\\_~;]")
_MOST_SIGNS = 0.08  # of a line's characters, for it to be prose


def has_signs(language: str) -> bool:
    """Whether the small words of this language are known here."""
    return language in _SMALL_WORDS


def share_of_small_words(words: Sequence[str], language: str) -> float:
    """Which part of these lower-case words are small words of the language, 0 to 1; 0 where there are hardly any."""
    if len(words) < _FEWEST_WORDS:
        return 0.0
    return sum(map(_SMALL_WORDS[language].__contains__, words)) / len(words)


def is_settled(words: Sequence[str], languages: Collection[str]) -> bool:
    """Whether a text of these lower-case words is surely in one of these languages, by its small words alone."""
    return any(has_signs(each) and _has_enough(words, _SMALL_WORDS[each]) for each in languages)


def _has_enough(words: Sequence[str], small_words: Collection[str]) -> bool:
    """Whether so many of the words are small ones; nearly every text in the language has them in its first half."""
    if len(words) < _FEWEST_WORDS:
        return False
    half = len(words) // 2
    there = sum(map(small_words.__contains__, words[:half]))
    if there / len(words) >= SETTLED:
        return True
    return (there + sum(map(small_words.__contains__, words[half:]))) / len(words) >= SETTLED


def main_script(text: str) -> str | None:
    """The script that half of the letters are in, and more, where it is another than Latin; in words."""
    letters = [each for each in text if each.isalpha()]
    if sum(each >= "\u0370" for each in letters) < _HALF * max(1, len(letters)):
        return None
    first_words = Counter(unicodedata.name(each, "?").split()[0] for each in letters if each >= "\u0370")
    # Japanese is mostly Chinese characters by count, and has kana between them.
    if first_words["HIRAGANA"] or first_words["KATAKANA"]:
        return _SCRIPTS["HIRAGANA"]
    return _SCRIPTS.get(first_words.most_common(1)[0][0], "letters of another script")


def prose_of(text: str) -> str:
    """The text without what looks like code: fenced parts, and lines full of signs."""
    lines = _FENCED.sub(" ", text).splitlines()
    return "\n".join(line for line in lines if len(_SIGN.findall(line)) <= _MOST_SIGNS * len(line))
