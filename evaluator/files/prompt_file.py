"""Prompts, read from `prompts/<name>/v<N>.yaml` with every mistake at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evaluator.core.meant import suggestion
from evaluator.core.prompt import Prompt, template_mistakes
from evaluator.core.rubric import Rubric
from evaluator.core.spotlight import SpotlightWords
from evaluator.errors import Mistake, PromptError, UsageError, number_of
from evaluator.files.strict_yaml import read_yaml, validated


def load_prompt(name_or_path: str, folders: Sequence[Path]) -> Prompt:
    """The prompt of this name (`levels`, `levels@1`) or at this path. Raises PromptError or UsageError."""
    path = _find(name_or_path, folders)
    document = read_yaml(path, PromptError)
    prompt, mistakes = validated(document, Prompt)
    if prompt is not None:
        mistakes = [Mistake(said, str(path), document.lines.get((key.split("[")[0],)), key=key)
                    for key, said in template_mistakes(prompt)]  # fmt: skip
    if prompt is None or mistakes:
        raise PromptError(f"{path} has {number_of(mistakes)}.", mistakes=mistakes)
    return prompt


def load_spotlight_words() -> SpotlightWords:
    """What a model is told about marks on the words of an answer."""
    document = read_yaml(Path(__file__).with_name("spotlight.yaml"), PromptError)
    words, mistakes = validated(document, SpotlightWords)
    if words is None:
        raise PromptError(f"{document.file} has {number_of(mistakes)}.", mistakes=mistakes)
    return words


def check_fit(prompt: Prompt, rubric: Rubric) -> None:
    """Raises PromptError where the prompt asks for checks and a criterion has none."""
    if prompt.asks_for != "checks":
        return
    without = [criterion.id for criterion in rubric.criteria if not criterion.checks]
    if without:
        raise PromptError(
            f"Prompt {prompt.id} asks for checks, and these criteria of rubric {rubric.id} have none: "
            f"{', '.join(without)}.",
            hint="Use a prompt that asks for levels (--prompt levels), or write checks and level_rules for them.",
        )


def _find(name_or_path: str, folders: Sequence[Path]) -> Path:
    if Path(name_or_path).is_file():
        return Path(name_or_path)
    name, _, version = name_or_path.partition("@")
    for folder in folders:
        found = {int(path.stem[1:]): path for path in (folder / name).glob("v*.yaml") if path.stem[1:].isdigit()}
        if version.isdigit() and int(version) in found:
            return found[int(version)]
        if found and not version:
            return found[max(found)]
    known = sorted({path.parent.name for folder in folders for path in folder.glob("*/v*.yaml")})
    raise UsageError(
        f"There is no prompt '{name_or_path}'{suggestion(name_or_path, known) or '.'}",
        hint=f"Give a prompt's file or one of these names: {', '.join(known) or 'none'}.",
    )
