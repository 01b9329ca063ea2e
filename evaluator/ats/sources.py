"""All sources that are known, by name."""

from __future__ import annotations

from collections.abc import Mapping

from evaluator.ats.ashby import Ashby
from evaluator.ats.greenhouse import Greenhouse
from evaluator.ats.lever import Lever
from evaluator.ats.smartrecruiters import SmartRecruiters
from evaluator.ats.source import Source
from evaluator.ats.standard import Standard
from evaluator.ats.workable import Workable

SOURCES: Mapping[str, Source] = {
    source.name: source for source in (Greenhouse(), Lever(), Ashby(), Workable(), SmartRecruiters(), Standard())
}
