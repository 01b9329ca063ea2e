"""The rest of a path as one value, whatever it holds: an id may have a slash, and no id is answered as no such path."""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor


class _Whole(Convertor[str]):
    regex = "(?s:.*)"  # starlette's own, `path`, stops at a line end

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


def whole_paths() -> None:
    """Makes `{name:whole}` known to routes. May be called again."""
    register_url_convertor("whole", _Whole())
