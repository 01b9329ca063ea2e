"""Which question of the questionnaire each question of an ATS is: what people write down once for each source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from evaluator.core.folding import fold
from evaluator.core.meant import suggestion
from evaluator.core.questionnaire import Questionnaire
from evaluator.core.rubric import FileRecord, Text
from evaluator.core.tenant import DEFAULT_TENANT, TENANT

SourceName = Literal["greenhouse", "lever", "ashby", "workable", "smartrecruiters", "standard"]


class QuestionMap(FileRecord):
    """One source's questions, as an ATS writes them (or its id of them), and what each is with us.

    `jobs`: only these jobs of the source (its ids); None for all that no other map of the source names. `ignore`:
    questions that are not graded. `others`: what becomes of a question that is neither; `quarantine` holds the whole
    submission back until a person has looked, since an answer might be lost otherwise.
    """

    source: SourceName
    questionnaire: Text
    tenant: Annotated[str, Field(pattern=f"^{TENANT}$")] = DEFAULT_TENANT
    jobs: Annotated[tuple[str | int, ...], Field(min_length=1)] | None = None
    questions: dict[str, str] = {}
    ignore: tuple[str, ...] = ()
    others: Literal["quarantine", "ignore"] = "quarantine"

    @cached_property
    def meant(self) -> Mapping[str, str | None]:
        """The question's id by folded spelling, None where it is ignored."""
        ignored: dict[str, str | None] = {fold(each): None for each in self.ignore}
        return ignored | {fold(each): question for each, question in self.questions.items()}

    @property
    def asked(self) -> frozenset[str]:
        """The questions that the map names: one that an application lacks was asked, and not answered."""
        return frozenset(self.questions.values())

    def covers(self, job: str | None) -> bool:
        """Whether applications for this job are mapped by this map by name."""
        return self.jobs is not None and job is not None and job in {str(each) for each in self.jobs}


def map_mistakes(question_map: QuestionMap, questionnaire: Questionnaire) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is wrong with a map: where, and what."""
    known = [question.id for question in questionnaire.questions]
    spellings: dict[str, str] = {}
    for written, question in question_map.questions.items():
        if question not in known:
            yield (
                ("questions", written),
                f"'{question}' is no question of {questionnaire.id} (it has {', '.join(known)})"
                + suggestion(question, known),
            )
        other = spellings.setdefault(fold(written), written)
        if other != written:
            yield ("questions", written), f"reads the same as '{other}'"
    for written in question_map.ignore:
        if fold(written) in spellings:
            yield ("ignore",), f"'{written}' is among the questions too"


def chosen_map(maps: list[QuestionMap], job: str | None) -> QuestionMap | None:
    """The map for a job among those of one source and tenant; None where none is for it."""
    by_name = next((each for each in maps if each.covers(job)), None)
    return by_name or next((each for each in maps if each.jobs is None), None)
