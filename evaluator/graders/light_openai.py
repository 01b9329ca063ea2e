"""openai without the four hundred modules of its records, which take half of the time until a run's first request."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from threading import RLock
from types import ModuleType
from typing import Any

_PACKAGES = ("openai.types", "openai.types.responses")


def hold_back_records() -> None:
    """From now on `import openai` brings its records only when somebody asks for one; to be called before it.

    Modules of records are imported as usual when one of them is. The first name that is taken from their package itself
    brings all of them. Where openai is imported already, or keeps its records elsewhere, nothing happens.
    """
    openai = None if "openai" in sys.modules else find_spec("openai")
    parent: ModuleType | None = None
    places = openai.submodule_search_locations if openai else None
    for name in _PACKAGES:
        spec = PathFinder.find_spec(name, list(places)) if places else None
        if spec is None or not spec.submodule_search_locations:
            return
        package = sys.modules[name] = module_from_spec(spec)
        package.__class__ = _HeldBack
        if parent is not None:
            setattr(parent, name.rpartition(".")[2], package)
        parent, places = package, spec.submodule_search_locations


class _HeldBack(ModuleType):
    """A package whose own code is run when something is looked for that only this code brings."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        with _loading:
            if self.__dict__.get("_is_run"):
                if self.__class__ is _HeldBack:
                    # Its own code asks, for what it has not brought yet; others wait at the lock.
                    raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
            else:
                self._is_run = True
                spec = self.__spec__
                if spec is not None and spec.loader is not None:
                    spec.loader.exec_module(self)
                object.__setattr__(self, "__class__", ModuleType)
        return getattr(self, name)


_loading = RLock()
