"""Text from outside as a database's text: ids and names that both databases take and find again."""

from __future__ import annotations


def stored_text(text: str) -> str:
    """The same, but for NUL and half surrogate pairs, which are written out: PostgreSQL's text cannot hold them."""
    if "\0" in text or not text.isprintable():
        return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
    return text
