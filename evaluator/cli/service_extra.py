"""Whether what the pages and the service need is installed: said plainly, before anything of it is imported."""

from __future__ import annotations

from importlib.util import find_spec

from evaluator.errors import SetupError

_NEEDED = ("fastapi", "uvicorn", "pwdlib", "argon2", "python_multipart", "dbos", "standardwebhooks")


def require_service_extra() -> None:
    """Raises SetupError where the extra `service` is not installed."""
    missing = [name for name in _NEEDED if not _is_there(name)]
    if missing:
        raise SetupError(
            f"The service needs what is not installed: {', '.join(missing)}.",
            hint="pip install 'screening-answer-evaluator[service]'",
        )


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
