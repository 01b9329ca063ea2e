"""Who handed an answer in, as far as the table says so: known only to be taken out of what a grader reads."""

from __future__ import annotations

from dataclasses import dataclass, replace

from evaluator.errors import UsageError


@dataclass(frozen=True, slots=True)
class Identity:
    """A candidate's names, addresses and links, as they stand in the table beside the answers.

    They are looked for in the candidate's answers, so that a grader does not read them. They go into no prompt, no
    grade and no report. `names`: whole names or parts of one; `links`: profiles and pages of one's own; `addresses`:
    postal ones.
    """

    names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises UsageError for one text where several belong: it would be taken letter by letter."""
        for name in ("names", "emails", "phones", "links", "addresses"):
            if isinstance(getattr(self, name), str):
                raise UsageError(
                    f"Identity.{name} takes several texts, and was given one.",
                    hint=f'Write Identity({name}=("…",)), with the comma.',
                )

    def __repr__(self) -> str:
        # Whatever prints an answer must not print who wrote it.
        return f"Identity(<{sum(map(len, (self.names, self.emails, self.phones, self.links, self.addresses)))} fields>)"


def known_as(known: Identity | None) -> str | None:
    """By what two answers of the same person are told: an e-mail address; None where there is none."""
    return min(known.emails).lower() if known is not None and known.emails else None


def with_id(known: Identity | None, candidate_id: str) -> Identity | None:
    """The same with an e-mail address that serves as the candidate's id."""
    if "@" not in candidate_id:
        return known
    known = known or Identity()
    return known if candidate_id in known.emails else replace(known, emails=(*known.emails, candidate_id))
