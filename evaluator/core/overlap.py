"""Overlap of content words: how much of one text's vocabulary stands in another, without reading either."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from evaluator.core.words import words

# Words that carry grammar, in the languages answers come in; they are in every text and show nothing.
_FUNCTION_WORDS = frozenset(
    """
    a about above after again against all also am an and any are as at be because been before being below between
    both but by can cannot could did do does doing don down during each either else etc ever few for from further
    get gets got had has have having he her here hers him his how i if in into is it its itself just let like made
    make makes many may me might more most much must my near need no nor not now of off on once one only or other
    our out over own per rather same shall she should since so some such than that the their them then there these
    they thing things this those through to too under until up upon us use used uses using very via was way we well
    were what when where which while who whom whose why will with within without would yes yet you your
    isn't aren't wasn't weren't don't doesn't didn't won't wouldn't can't couldn't shouldn't hasn't haven't hadn't
    i'm i'd i'll i've it's we're we'd we'll you're they're that's there's
    de la el los las un una unos unas y o u en con por para que se su sus lo le les es son ser al del como mas muy no si
    os as um uma uns umas e em com por para que se seu sua ao da do das dos na no nas nos mais muito nao sim
    der die das den dem des ein eine einer eines einem einen und oder in im mit von zu zum zur ist sind war nicht auch
    auf fur als wie bei aus dass wird werden man wir ich sie es
    le la les un une des du de et ou en dans avec pour par que qui est sont au aux ce cette ces plus ne pas je on nous
    """.split()
)
_ENDINGS = ("ization", "isation", "ations", "ation", "ments", "ment", "ness", "ings", "ing", "edly", "ies", "ied",
            "ers", "er", "ed", "ly", "es", "s", "e", "y")  # fmt: skip
_SHORTEST_STEM = 4


def content_words(text: str) -> list[str]:
    """The words of `text` that carry content, each cut to a rough stem, in order and with repeats."""
    return [stem(word.text) for word in words(text) if is_content(word.text)]


def is_content(word: str) -> bool:
    """Whether a folded word carries content: no function word, no sign, no single Latin letter."""
    single_letter = len(word) == 1 and word.isascii() and word.isalpha()
    return word not in _FUNCTION_WORDS and word[0].isalnum() and not single_letter


def stem(word: str) -> str:
    """A folded word without a common English ending, so that "models" and "modelling" meet more often than not."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > _SHORTEST_STEM and word[-1] == word[-2] else word


def shared(wanted: Iterable[str], said: Iterable[str]) -> list[str]:
    """The words of `wanted` that are also in `said`, each once, in the order of `wanted`."""
    there = set(said)
    return [word for word in dict.fromkeys(wanted) if word in there]


def coverage(weights: Mapping[str, float], said: Iterable[str]) -> float:
    """The sum of the weights of the words that are in `said`, over that of all: 0 to 1; 0 where nothing is wanted."""
    there = set(said)
    whole = sum(weights.values())
    return sum(weight for word, weight in weights.items() if word in there) / whole if whole else 0.0


def longest_shared_run(said: Sequence[str], source: Sequence[str], size: int) -> int:
    """How many words of `said` stand in runs of `size` words that also stand in `source`, in the same order."""
    runs = {tuple(source[at : at + size]) for at in range(len(source) - size + 1)}
    in_runs: set[int] = set()
    for at in range(len(said) - size + 1):
        if tuple(said[at : at + size]) in runs:
            in_runs.update(range(at, at + size))
    return len(in_runs)
