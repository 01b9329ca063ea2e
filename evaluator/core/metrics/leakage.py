"""Texts that two sets share: the same, nearly the same, or by the same candidate on both sides."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

# Two texts are near copies when the share of their shingles that both have is this or more.
NEAR_COPY = 0.8
# Runs of this many characters, blanks counted: long enough that two answers to one question share few.
SHINGLE = 5
# Shorter texts have too few shingles for a share of them to mean much; they are compared by edits
# (Indel similarity, 0 to 1).
SHORT = 60
NEAR_COPY_SHORT = 0.9
# Two people can both write "I don't know" or "a linked list"; so short a text gives nobody away.
LEAST_CHARACTERS = 25

# The sketch only proposes pairs, and every proposal is verified exactly: it looks below the threshold so that
# a near copy is missed with a chance under one in a million.
_PROPOSED_FROM = 0.5
_PERMUTATIONS = 128


@dataclass(frozen=True, slots=True)
class KeptText:
    """A text with the name it is known by and, where there is one, the candidate who wrote it."""

    text_id: str
    text: str
    candidate_id: str | None = None


@dataclass(frozen=True, slots=True)
class Leak:
    """Something that both sides hold. `similarity` is 1 for an exact copy and None for a shared candidate.

    The ids are of texts, or of the candidate for kind "candidate".
    """

    kind: Literal["exact copy", "near copy", "candidate"]
    first_id: str
    second_id: str
    similarity: float | None

    def __str__(self) -> str:
        if self.kind == "candidate":
            return f"candidate {self.first_id} is on both sides"
        share = "" if self.kind == "exact copy" else f", {self.similarity:.0%} alike"
        return f"{self.first_id} and {self.second_id}: {self.kind}{share}"


def normalised(text: str) -> str:
    """The text as it is compared: NFKC, casefolded, every run of white space one blank."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()


def fingerprint(text: str) -> str:
    """SHA-256 (hexadecimal) of the normalised text: equal for texts that differ in case, width or spacing only."""
    return hashlib.sha256(normalised(text).encode()).hexdigest()


def find_leaks(
    first: Sequence[KeptText],
    second: Sequence[KeptText],
    *,
    threshold: float = NEAR_COPY,
    least_characters: int = LEAST_CHARACTERS,
) -> tuple[Leak, ...]:
    """Name every candidate on both sides and every pair of texts, one of each side, that is a copy.

    Near copies: Jaccard similarity of the sets of character shingles at `threshold` or more (Broder, "On the
    resemblance and containment of documents", 1997), proposed by datasketch's MinHash LSH and verified
    exactly; where either text is short, Indel similarity at 0.9 or more by rapidfuzz. Normalised texts
    shorter than `least_characters` are not compared. Ordered: candidates, exact, near.
    """
    leaks = list(_shared_candidates(first, second))
    one = _comparable(first, least_characters)
    other = _comparable(second, least_characters)
    exact = list(_exact_copies(one, other))
    copied = {(leak.first_id, leak.second_id) for leak in exact}
    near = [
        Leak("near copy", one[i][0], other[j][0], similarity)
        for i, j, similarity in _near_copies([text for _, text in one], [text for _, text in other], threshold)
        if (one[i][0], other[j][0]) not in copied
    ]
    return (*leaks, *exact, *near)


def find_duplicates(
    texts: Sequence[KeptText], *, threshold: float = NEAR_COPY, least_characters: int = LEAST_CHARACTERS
) -> tuple[Leak, ...]:
    """Copies and near copies within one set, each pair once, in the set's order."""
    place = {text.text_id: position for position, text in enumerate(texts)}
    found = find_leaks(texts, texts, threshold=threshold, least_characters=least_characters)
    return tuple(leak for leak in found if leak.kind != "candidate" and place[leak.first_id] < place[leak.second_id])


def separable_units(
    texts: Sequence[KeptText], *, threshold: float = NEAR_COPY, least_characters: int = LEAST_CHARACTERS
) -> dict[str, str]:
    """Which texts a split must keep together: those of one candidate, copies of each other, and so on along the chain.

    Gives for each text id the id of the first text of its unit. A split of units has no leak by `find_leaks`.
    """
    unit_of = {text.text_id: text.text_id for text in texts}

    def first_of(text_id: str) -> str:
        while unit_of[text_id] != text_id:
            text_id = unit_of[text_id]
        return text_id

    place = {text.text_id: position for position, text in enumerate(texts)}
    first_by_candidate: dict[str, str] = {}
    links = [
        (first_by_candidate.setdefault(text.candidate_id, text.text_id), text.text_id)
        for text in texts
        if text.candidate_id is not None
    ]
    duplicates = find_duplicates(texts, threshold=threshold, least_characters=least_characters)
    for one, other in [*links, *((leak.first_id, leak.second_id) for leak in duplicates)]:
        earlier, later = sorted((first_of(one), first_of(other)), key=place.__getitem__)
        unit_of[later] = earlier
    return {text.text_id: first_of(text.text_id) for text in texts}


def _comparable(texts: Sequence[KeptText], least_characters: int) -> list[tuple[str, str]]:
    pairs = ((text.text_id, normalised(text.text)) for text in texts)
    return [(text_id, text) for text_id, text in pairs if len(text) >= least_characters]


def _shared_candidates(first: Sequence[KeptText], second: Sequence[KeptText]) -> Iterator[Leak]:
    others = {text.candidate_id for text in second}
    mine = dict.fromkeys(text.candidate_id for text in first)
    for candidate_id in mine:
        if candidate_id is not None and candidate_id in others:
            yield Leak("candidate", candidate_id, candidate_id, None)


def _exact_copies(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> Iterator[Leak]:
    by_text: dict[str, list[str]] = defaultdict(list)
    for text_id, text in other:
        by_text[text].append(text_id)
    for text_id, text in one:
        for copy_id in by_text.get(text, ()):
            yield Leak("exact copy", text_id, copy_id, 1.0)


def _near_copies(one: list[str], other: list[str], threshold: float) -> Iterator[tuple[int, int, float]]:
    """Positions and similarity of each pair, ordered by position."""
    found = {**_near_short(one, other), **_near_long(one, other, threshold)}
    for i, j in sorted(found):
        yield i, j, found[i, j]


def _near_short(one: list[str], other: list[str]) -> dict[tuple[int, int], float]:
    """Pairs of which one text is short, by edits. A text half as long again cannot reach the limit."""
    from rapidfuzz.fuzz import ratio

    longest = int(SHORT * (2 / NEAR_COPY_SHORT - 1)) + 1
    near = [j for j, text in enumerate(other) if len(text) <= longest]
    found = {}
    for i, text in enumerate(one):
        if len(text) > longest:
            continue
        for j in near:
            if min(len(text), len(other[j])) >= SHORT:
                continue
            similarity = ratio(text, other[j], score_cutoff=100 * NEAR_COPY_SHORT) / 100
            if similarity > 0:
                found[i, j] = similarity
    return found


def _near_long(one: list[str], other: list[str], threshold: float) -> dict[tuple[int, int], float]:
    """Pairs of long texts, by shingles: proposed by the sketch, verified on the sets."""
    from datasketch import MinHash, MinHashLSH

    def sketch(shingles: frozenset[str]) -> MinHash:
        made = MinHash(num_perm=_PERMUTATIONS, seed=1)
        made.update_batch([shingle.encode() for shingle in sorted(shingles)])
        return made

    mine = {i: _shingles(text) for i, text in enumerate(one) if len(text) >= SHORT}
    theirs = {j: _shingles(text) for j, text in enumerate(other) if len(text) >= SHORT}
    if not mine or not theirs:
        return {}
    index = MinHashLSH(threshold=min(_PROPOSED_FROM, threshold), num_perm=_PERMUTATIONS)
    for j, shingles in theirs.items():
        index.insert(j, sketch(shingles))
    found = {}
    for i, shingles in mine.items():
        for j in index.query(sketch(shingles)):
            shared = len(shingles & theirs[j])
            similarity = shared / (len(shingles) + len(theirs[j]) - shared)
            if similarity >= threshold:
                found[i, int(j)] = similarity
    return found


def _shingles(text: str) -> frozenset[str]:
    return frozenset(text[start : start + SHINGLE] for start in range(len(text) - SHINGLE + 1))
