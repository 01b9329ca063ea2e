"""What a control reading asks for is not in the answer, whatever whoever wrote it did against that."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evaluator.core.control_criteria import control_criteria, is_of_the_field
from evaluator.core.questionnaire import Question
from evaluator.core.rubric import Criterion, Rubric
from evaluator.files.rubric_file import load_control_rubric

CONTROL = load_control_rubric()
QUESTION = Question(id="q", title="A question", text="How is a label made?", criteria=("one",))
ABOUT = (
    Criterion(id="one", name="Leakage awareness", asks="Is it there?", levels={0: "No.", 1: "Yes."}),
    Criterion(id="two", name="Use of {value}", asks="Is it there?", levels={0: "No.", 1: "Yes."}),
)


def asked(text: str, control: Rubric = CONTROL) -> tuple[Criterion, ...]:
    return control_criteria(control, ABOUT, QUESTION, text)


def test_one_is_absurd_and_the_others_are_about_the_field():
    """The field's are named after criteria of the rubric, word for word, and no place is left unfilled."""
    criteria = asked("We split by time.")
    assert [is_of_the_field(each) for each in criteria] == [False, True, True]
    assert {each.name.partition(": the ")[0] for each in criteria[1:]} == {"Leakage awareness", "Use of {value}"}
    unfilled = [each.model_dump_json().replace("Use of {value}", "") for each in criteria]
    assert not any("{subject}" in each or "{value}" in each or "{name}" in each for each in unfilled)


def test_it_is_the_same_each_time():
    """What was asked once is found in the ledger."""
    assert asked("We split by time.") == asked("We split by time.")
    assert asked("We split by time.") != asked("We split by customer.")


def test_what_an_answer_is_about_is_not_asked():
    """Somebody who writes of chess and of beetles is asked for something else."""
    absurd = asked("The beetle with these wing cases opens its chess game with three moves, then comes castling.")[0]
    assert absurd.id not in {"chess_opening", "garden_beetles"}


def test_to_name_everything_absurd_leaves_what_is_of_the_field():
    """Nobody gets out of it by writing down what is in the shipped file."""
    everything = " ".join(f"{each.name} {' '.join(each.checks)}" for each in CONTROL.criteria).replace("_", " ")
    assert [each.id for each in asked(everything)] == ["named_value", "named_rule"]


def test_to_name_what_is_asked_has_something_else_asked():
    """A value and a surname that stand in the answer, in whatever spelling, are asked of nobody."""
    text = "We split by time."
    for _ in range(5):
        value, rule = (each.name.rpartition(": the ")[2] for each in asked(text)[1:])
        text += f" No to {value.removeprefix('value ')[0]},{value.removeprefix('value ')[1:]} and to {rule.upper()}."
        again = asked(text)
        assert value not in again[1].name
        assert rule not in again[2].name


@given(st.text(max_size=300))
def test_whatever_is_written_there_is_something_to_ask_for(text: str):
    """Any text has its control reading, and none of it stands there."""
    value, rule = asked(text)[-2:]
    assert value.name.split()[-1] not in text
    assert rule.name.split()[-2] not in text
