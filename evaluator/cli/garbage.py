"""How often a command has Python look for garbage: seldom, for it was a quarter of a run's work.

Most objects go when nothing holds them any more; only cycles wait to be looked for. The usual 700 new objects between
two looks are those of one answer, and every so often all modules were walked, which stay to the end anyway.
"""

from __future__ import annotations

import gc

_YOUNG, _MIDDLE, _OLD = 20_000, 20, 50  # objects, or looks at younger ones; some megabytes wait meanwhile


def look_for_garbage_seldom() -> None:
    """Before anything is imported that makes many objects."""
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)


def keep_what_is_there() -> None:
    """When everything is imported and read: what is there is no garbage, and is not looked at again."""
    gc.freeze()
