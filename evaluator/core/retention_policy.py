"""For how long something is kept: what people write down in a file, so that it is decided once and can be shown."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from evaluator.core.rubric import FileRecord

Days = Annotated[int, Field(ge=1, le=36_500)]


class RetentionPolicy(FileRecord):
    """`retention.yaml`: days by kind; what is left out is kept for ever.

    `replies`: of models, since they came. `answers`: the words of candidates, wherever they are kept, since the run's
    end or since they were settled; levels, scores and offsets stay. `grades`: whole runs with reviews. `logs`: records
    of erasures, and who used the pages.
    """

    replies: Days | None = None
    answers: Days | None = None
    grades: Days | None = None
    logs: Days | None = None
