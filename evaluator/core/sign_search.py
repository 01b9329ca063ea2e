"""The search for signs: which sentences of one text meet which pattern, in time linear in the text."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from evaluator.core.sentences import Sentence, sentences
from evaluator.core.signs import BUILT_IN, Either, Element, SignPattern, Step
from evaluator.core.words import Word, words

Place = tuple[int, int]
_Ends = dict[int, list[int]]  # where something begins → where it may end
_Ways = dict[int, tuple[Place, ...]]  # where a way through steps ends → the places of its steps


class ReadText:
    """One text, cut into sentences and words once and searched many times.

    Words are numbered through the text; a number is left out between two sentences, so that nothing that
    must stand side by side reaches over the end of a sentence.
    """

    def __init__(self, text: str) -> None:
        self.sentences: tuple[Sentence, ...] = sentences(text)
        self.sentence_of: list[int] = []
        self.words_in: list[list[Word]] = []
        self._starts: list[int] = []
        self.places: dict[str, list[int]] = defaultdict(list)
        """Where each word stands, by its folded form."""
        for number, sentence in enumerate(self.sentences):
            found = words(sentence.text)
            self._starts.append(len(self.sentence_of))
            for place, word in enumerate(found, start=len(self.sentence_of)):
                self.places[word.text].append(place)
            self.words_in.append(found)
            self.sentence_of += [number] * (len(found) + 1)

    def written(self, place: Place) -> str:
        """The words at a place as they stand in the text."""
        number = self.sentence_of[place[0]]
        first, last = (self.words_in[number][at - self._starts[number]] for at in (place[0], place[1] - 1))
        return self.sentences[number].text[first.start : last.end]


@dataclass(frozen=True, slots=True)
class Match:
    """A pattern found: in which sentences (ascending numbers), and the places of the words that matched."""

    sentences: tuple[int, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class _Chain:
    """A chain whose steps are numbers."""

    steps: tuple[int, ...]
    gaps: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class _Layer:
    """What can be searched once the layers before it are complete.

    `phrases`: by their first element, (the elements after it, the step). `containers`: chains by their first
    step, with the element (a list or group) that they complete.
    """

    phrases: dict[int, list[tuple[tuple[int, ...], int]]]
    containers: dict[int, list[tuple[_Chain, int]]]


class SignIndex:
    """Patterns, numbered from 0 in the order given, prepared to be searched for together.

    Raises KeyError where a pattern or list names a list that is not there, ValueError where lists name one
    another in a circle.
    """

    def __init__(self, lists: Mapping[str, Either], patterns: Iterable[SignPattern]) -> None:
        self._lists = lists
        self._elements: dict[Element, int] = {}
        self._steps: dict[Step, int] = {}
        self._layer_of_list: dict[str, int] = {}
        self._open: list[str] = []
        self._layers: list[_Layer] = []
        self._words: dict[str, int] = {}
        self._stems: dict[str, int] = {}
        eithers: dict[Either, int] = {}
        self.chains: list[tuple[_Chain, ...]] = []
        """By the number of an "either": its chains."""
        self.patterns: list[tuple[int, ...]] = []
        """By the number of a pattern: its parts, as numbers of "eithers"."""
        for pattern in patterns:
            for either in pattern:
                if either not in eithers:
                    eithers[either] = len(self.chains)
                    self.chains.append(self._prepared(either))
            self.patterns.append(tuple(eithers[either] for either in pattern))
        for name in lists:
            self._after(Element("list", name))
        self._built_in = {name: self._elements.get(Element("list", name)) for name in BUILT_IN}
        self._longest_stem = max(map(len, self._stems), default=0)

    def search(self, text: ReadText) -> SearchResult:
        """Everything of the index that stands in `text`."""
        found = self._elements_in(text)
        steps: dict[int, _Ends] = {}
        for layer in self._layers:
            for first in [element for element in found if element in layer.phrases]:
                for rest, step in layer.phrases[first]:
                    _extend(steps.setdefault(step, {}), found[first], rest, found)
            for first in [step for step in steps if step in layer.containers]:
                for chain, container in layer.containers[first]:
                    single = len(chain.steps) == 1
                    ends = steps[first] if single else _spans(_ways(chain, steps, text.sentence_of))
                    if ends:
                        _merge(found.setdefault(container, {}), ends)
        return SearchResult(self, text, steps)

    def _elements_in(self, text: ReadText) -> dict[int, _Ends]:
        found: dict[int, _Ends] = defaultdict(dict)
        for word, places in text.places.items():
            ends = {place: [place + 1] for place in places}
            elements = [self._words.get(word)]
            longest = min(len(word), self._longest_stem)
            elements += [self._stems.get(word[:length]) for length in range(1, longest + 1)]
            if word[0].isdigit():
                elements.append(self._built_in["number"])
            elif word in "<>:":
                elements.append(self._built_in["colon" if word == ":" else "compare"])
            for element in elements:
                if element is not None:
                    found[element].update(ends)
        return dict(found)

    def _prepared(self, either: Either) -> tuple[_Chain, ...]:
        return tuple(_Chain(tuple(map(self._step, chain.steps)), chain.gaps) for chain in either)

    def _step(self, step: Step) -> int:
        """The number of a step; its phrases are put into the layer after everything that they are made of."""
        number = self._steps.get(step)
        if number is None:
            layer = self._layer(max(self._after(element) for phrase in step for element in phrase))
            number = self._steps[step] = len(self._steps)
            for phrase in step:
                first, *rest = (self._elements[element] for element in phrase)
                layer.phrases.setdefault(first, []).append((tuple(rest), number))
        return number

    def _after(self, element: Element) -> int:
        """Numbers the element. The first layer that can use it."""
        if element.kind == "group":
            return self._container(element, element.chains)
        number = self._elements.setdefault(element, len(self._elements))
        if element.kind == "word":
            self._words[element.text] = number
        elif element.kind == "stem":
            self._stems[element.text] = number
        elif element.text not in BUILT_IN:
            return self._list(element)
        return 0

    def _list(self, element: Element) -> int:
        name = element.text
        if name in self._open:
            raise ValueError(f"the list <{name}> contains itself")
        if name not in self._layer_of_list:
            self._open.append(name)
            self._layer_of_list[name] = self._container(element, self._lists[name])
            self._open.pop()
        return self._layer_of_list[name]

    def _container(self, element: Element, chains: Either) -> int:
        known = element in self._elements and element.kind == "group"
        number = self._elements.setdefault(element, len(self._elements))
        layer = max(self._layer_of(step) for chain in chains for step in chain.steps)
        if not known:
            for chain in self._prepared(chains):
                self._layer(layer).containers.setdefault(chain.steps[0], []).append((chain, number))
        return layer + 1

    def _layer_of(self, step: Step) -> int:
        return max(self._after(element) for phrase in step for element in phrase)

    def _layer(self, number: int) -> _Layer:
        while len(self._layers) <= number:
            self._layers.append(_Layer({}, {}))
        return self._layers[number]


class SearchResult:
    """What of an index stands in one text; answers which sentences meet a pattern."""

    def __init__(self, index: SignIndex, text: ReadText, steps: dict[int, _Ends]) -> None:
        self._index = index
        self._text = text
        self._steps = {step: ends for step, ends in steps.items() if ends}
        self._by_either: dict[int, dict[int, tuple[Place, ...]]] = {}

    def matches(self, pattern: int, allowed: frozenset[int], within: int | None) -> list[Match]:
        """Where the pattern of this number is met, using only the `allowed` sentences.

        Its parts stand within `within` sentences that follow one another; None: anywhere in the text. At
        most one match begins at a sentence.
        """
        parts = []
        for either in self._index.patterns[pattern]:
            by_sentence = {at: places for at, places in self._by_sentence(either).items() if at in allowed}
            if not by_sentence:
                return []
            parts.append(by_sentence)
        if len(parts) == 1:
            return [Match((at,), places) for at, places in sorted(parts[0].items())]
        ordered = [sorted(by_sentence) for by_sentence in parts]
        matches: dict[tuple[int, ...], Match] = {}
        for begin in _windows(ordered, within):
            end = begin + within if within is not None else len(self._text.sentences)
            chosen = [_first_between(numbers, begin, end) for numbers in ordered]
            found = [at for at in chosen if at is not None]
            if len(found) == len(parts):
                places = [place for by_sentence, at in zip(parts, found, strict=True) for place in by_sentence[at]]
                numbers = tuple(sorted(set(found)))
                matches.setdefault(numbers, Match(numbers, tuple(places)))
        return list(matches.values())

    def _by_sentence(self, either: int) -> dict[int, tuple[Place, ...]]:
        """The first way through one of the chains in every sentence that has one."""
        known = self._by_either.get(either)
        if known is None:
            known = self._by_either[either] = {}
            for chain in self._index.chains[either]:
                for end, places in sorted(_ways(chain, self._steps, self._text.sentence_of).items()):
                    known.setdefault(self._text.sentence_of[end - 1], places)
        return known


def _extend(ends: _Ends, first: _Ends, rest: tuple[int, ...], found: Mapping[int, _Ends]) -> None:
    """Adds where a phrase stands: its first element, and each further one right after the one before."""
    after = [found.get(element) for element in rest]
    if None in after:
        return
    if not after:
        _merge(ends, first)
        return
    for start, reached in first.items():
        for element_ends in after:
            reached = [end for at in reached for end in (element_ends or {}).get(at, ())]
            if not reached:
                break
        if reached:
            ends[start] = list(dict.fromkeys([*ends.get(start, ()), *reached]))


def _merge(ends: _Ends, others: Mapping[int, Sequence[int]]) -> None:
    for start, reached in others.items():
        # Always a list of its own: the other's must not change with it.
        ends[start] = list(dict.fromkeys([*ends[start], *reached])) if start in ends else list(reached)


def _spans(ways: _Ways) -> _Ends:
    """Where the ways begin and end."""
    ends: _Ends = defaultdict(list)
    for end, places in ways.items():
        ends[places[0][0]].append(end)
    return ends


def _ways(chain: _Chain, steps: Mapping[int, _Ends], sentence_of: Sequence[int]) -> _Ways:
    """The ways through a chain, one for each place where it can end."""
    for step in chain.steps:
        if not steps.get(step):
            return {}
    ways: _Ways = {end: ((start, end),) for start, ends in steps[chain.steps[0]].items() for end in ends}
    for step, gap in zip(chain.steps[1:], chain.gaps, strict=True):
        further: _Ways = {}
        reached = sorted(ways)
        for start, ends in steps[step].items():
            before = _nearest_before(reached, start, gap, sentence_of)
            if before is not None:
                for end in ends:
                    further.setdefault(end, (*ways[before], (start, end)))
        ways = further
    return ways


def _nearest_before(reached: Sequence[int], start: int, gap: int | None, sentence_of: Sequence[int]) -> int | None:
    """The nearest end in the same sentence, at most `gap` words before `start`."""
    at = bisect_right(reached, start) - 1
    if at < 0:
        return None
    end = reached[at]
    if sentence_of[end - 1] != sentence_of[start] or (gap is not None and start - end > gap):
        return None
    return end


def _windows(ordered: Sequence[Sequence[int]], within: int | None) -> list[int]:
    if within is None:
        return [0]
    rarest = min(ordered, key=len)
    return sorted({begin for number in rarest for begin in range(max(0, number - within + 1), number + 1)})


def _first_between(numbers: Sequence[int], begin: int, end: int) -> int | None:
    at = bisect_left(numbers, begin)
    return numbers[at] if at < len(numbers) and numbers[at] < end else None
