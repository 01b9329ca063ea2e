"""The pace of an endpoint: when it grows, halves, holds, stops, and that it always goes on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from evaluator.core.pace import Ending, Pace, PaceSettings, Ticket
from evaluator.core.rate_budget import LONGEST_RESET, FixedBudget, LearnedBudget, RateLimits, RateWindow

WINDOWS = st.none() | st.builds(
    RateWindow,
    remaining=st.floats(0, 1e6),
    reset=st.floats(0, 1000),
    limit=st.none() | st.floats(0, 1e6),
)
ENDINGS = st.sampled_from(["answered", "rate_limited", "failed", "given_up"])


class AnyCourse(RuleBasedStateMachine):
    """Whatever an endpoint says and does, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.pace = Pace(PaceSettings(most=16, first=4, requests_per_minute=600, tokens_per_minute=60_000))
        self.now = 0.0
        self.flying: list[Ticket] = []

    @rule(seconds=st.floats(0, 100))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.pace.has_room())
    @rule(tokens=st.floats(0, 5000))
    def a_request_is_sent_when_it_may_go(self, tokens: float) -> None:
        waited = 0
        # Never more than a minute's worth, or the endpoint's reset: then it goes. Nobody waits for ever.
        while wait := self.pace.wait(self.now, tokens):
            assert wait <= LONGEST_RESET + 60
            self.now += wait + 1e-6
            waited += 1
            assert waited < 50
        self.flying.append(self.pace.sent(self.now, tokens))

    @precondition(lambda self: self.flying)
    @rule(
        ending=ENDINGS, requests=WINDOWS, tokens=WINDOWS, used=st.none() | st.floats(0, 5000), which=st.integers(0, 99)
    )
    def one_ends(
        self, ending: Ending, requests: RateWindow | None, tokens: RateWindow | None, used: float | None, which: int
    ) -> None:
        ticket = self.flying.pop(which % len(self.flying))
        self.pace.ended(ticket, ending, self.now, RateLimits(requests, tokens), used)

    @invariant()
    def it_stays_within_its_bounds(self) -> None:
        assert 1 <= self.pace.concurrency <= 16
        assert self.pace.in_flight == len(self.flying)
        assert self.pace.totals().highest_concurrency <= 16

    def teardown(self) -> None:
        """From anywhere, good replies bring it back to its most."""
        for ticket in self.flying:
            self.pace.ended(ticket, "answered", self.now)
        for _ in range(2000):
            self.now += 60
            tickets = []
            while self.pace.has_room():
                tickets.append(self.pace.sent(self.now, 0))
            for ticket in tickets:
                self.pace.ended(ticket, "answered", self.now)
            if self.pace.concurrency == 16:
                return
        raise AssertionError("it did not recover")


TestAnyCourse = AnyCourse.TestCase


def fill(pace: Pace, now: float = 0.0) -> list[Ticket]:
    tickets = []
    while pace.has_room():
        tickets.append(pace.sent(now, 0))
    return tickets


def end_all(pace: Pace, tickets: list[Ticket], ending: Ending) -> list[Ticket]:
    """Ends one after another; each makes room for others at once. Returns those in flight then."""
    following = []
    for ticket in tickets:
        pace.ended(ticket, ending, 0.0)
        following += fill(pace)
    return following


def test_it_doubles_with_every_good_round_up_to_the_most() -> None:
    """Eight, sixteen, thirty-two … and never more than allowed."""
    pace = Pace(PaceSettings(most=50, first=8))
    seen = []
    flying = fill(pace)
    for _ in range(5):
        seen.append(pace.concurrency)
        flying = end_all(pace, flying, "answered")
    assert seen == [8, 16, 32, 50, 50]


@pytest.mark.parametrize(("most", "first"), [(1000, 125), (256, 32), (64, 8), (8, 8), (4, 4), (0, 0)])
def test_it_begins_with_an_eighth_of_the_most_and_with_eight_at_the_least(most: int, first: int) -> None:
    """Whoever may ask a thousand at once need not wait for seven rounds of replies until it does."""
    assert Pace(PaceSettings(most=most)).concurrency == first


def test_a_burst_of_429_halves_it_once() -> None:
    """All that were in flight together were told the same thing; the next that is told so halves it again."""
    pace = Pace(PaceSettings(most=64, first=32))
    flying = end_all(pace, fill(pace), "rate_limited")
    assert pace.concurrency == 16
    end_all(pace, flying[:1], "rate_limited")
    assert pace.concurrency == 8


def test_after_a_429_it_climbs_quickly_to_where_it_was_and_slowly_from_there() -> None:
    """One 429 in a hundred must not leave a run at a crawl."""
    pace = Pace(PaceSettings(most=64, first=32))
    one, *others = fill(pace)
    pace.ended(one, "rate_limited", 0.0)
    assert pace.concurrency == 16
    flying = end_all(pace, others, "answered")
    assert pace.concurrency == 32
    end_all(pace, flying, "answered")
    assert 32 <= pace.concurrency <= 33


def test_a_failure_holds_it_without_lowering_it() -> None:
    """As many as may be in flight have to go well before it grows on."""
    pace = Pace(PaceSettings(most=64, first=8))
    one, *others = fill(pace)
    pace.ended(one, "failed", 0.0)
    flying = end_all(pace, others, "answered")
    assert pace.concurrency == 8
    end_all(pace, flying, "answered")
    assert pace.concurrency > 8


def test_a_number_that_is_not_used_is_not_raised() -> None:
    """One request at a time says nothing about fifty."""
    pace = Pace(PaceSettings(most=64, first=8))
    for _ in range(100):
        pace.ended(pace.sent(0.0, 0), "answered", 0.0)
    assert pace.concurrency == 8


def test_twenty_failures_in_a_row_over_some_seconds_are_an_endpoint_that_is_down() -> None:
    """One that hiccups is not: all that are in flight fail at once."""
    pace = Pace(PaceSettings(failures_in_a_row=20, shortest_outage=3.0, probe_every=30.0))
    for _ in range(40):
        pace.ended(pace.sent(0.0, 0), "failed", 1.0)
    assert not pace.is_down(1.0)
    pace.ended(pace.sent(2.0, 0), "failed", 4.0)
    assert pace.is_down(4.0)
    assert pace.totals().went_down


@pytest.mark.parametrize("ending", ["answered", "rate_limited"])
def test_any_reply_breaks_the_row(ending: Ending) -> None:
    """Who says 429 is there."""
    pace = Pace(PaceSettings(failures_in_a_row=20, shortest_outage=0.0))
    for _ in range(3):
        for _ in range(19):
            pace.ended(pace.sent(0.0, 0), "failed", 100.0)
        pace.ended(pace.sent(0.0, 0), ending, 100.0)
    assert not pace.is_down(100.0)


def test_an_endpoint_that_was_down_is_looked_at_now_and_then() -> None:
    """One request every thirty seconds; a good reply opens it again."""
    pace = Pace(PaceSettings(failures_in_a_row=2, shortest_outage=0.0, probe_every=30.0))
    for _ in range(2):
        pace.ended(pace.sent(0.0, 0), "failed", 0.0)
    assert pace.is_down(29.0)
    assert not pace.is_down(31.0)
    looking = pace.sent(31.0, 0)
    assert pace.is_down(32.0)
    pace.ended(looking, "answered", 33.0)
    assert not pace.is_down(33.0)


@given(st.floats(1, 1e5), st.lists(st.tuples(st.floats(0, 5), st.floats(0, 500)), min_size=1, max_size=60))
def test_no_more_than_so_many_a_minute_go(per_minute: float, needs: list[tuple[float, float]]) -> None:
    """Over any stretch from the start, what went is at most its share of the time, a second's worth and one request."""
    budget = FixedBudget(per_minute)
    now = taken = 0.0
    for pause, need in needs:
        now += pause
        now += budget.wait(now, need)
        budget.take(now, need)
        taken += need
        assert taken - need <= per_minute * now / 60 + max(1.0, per_minute / 60) + 1e-3 * (1 + taken)


def test_an_endpoint_that_has_nothing_left_is_asked_at_the_rate_at_which_it_refills() -> None:
    """Sixty a minute, none left: one a second, not all after a minute."""
    budget = LearnedBudget()
    budget.learn(0.0, RateWindow(remaining=0, reset=60, limit=60), in_flight=0)
    assert budget.wait(0.0, 1) == pytest.approx(1.0)
    assert budget.wait(1.0, 1) == 0.0
    budget.take(1)
    assert budget.wait(1.0, 1) == pytest.approx(1.0)
    assert budget.wait(60.0, 1) == 0.0


def test_a_reset_that_is_a_day_away_is_not_waited_for() -> None:
    """The endpoint will say no by itself."""
    budget = LearnedBudget()
    budget.learn(0.0, RateWindow(remaining=0, reset=86_400, limit=100), in_flight=0)
    assert budget.wait(0.0, 1) == 0.0
