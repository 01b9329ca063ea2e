"""Writes docs/settings.md from the table that the program reads: `python docs/write_settings.py`. A test holds the two
together.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evaluator.settings_table import PARTS, Setting

PAGE = Path(__file__).parent / "settings.md"

_BEGINNING = """\
# Settings

From the environment, and from one settings file; written by `docs/write_settings.py` from the table that the program
reads.

- An **option** of a command comes before the **environment**, the environment before the **file**, the file before
  the default.
- The file is TOML. `EVALUATOR_SETTINGS` names it; without that, `settings.toml` in the folder
  `screening-answer-evaluator` of your configuration folder is read where it is there (on Linux
  `~/.config/screening-answer-evaluator/settings.toml`).
- Every **secret** may be kept in a file of its own, as Docker and systemd hand them over: put `_FILE` after its name
  (in the settings file `_file`), such as `EVALUATOR_STORE_FILE=/run/secrets/store` or
  `EVALUATOR_ASHBY_SECRETS_FILE__ACME=…`. What is set itself comes before it.
- With `__<TENANT>` after the name, where the table says so, a setting is that tenant's; in the file it stands under
  `tenants.<tenant>`.
- An empty value is as good as none. A name that is none is a mistake: one that is misspelt would be passed over
  otherwise. So put a *new* setting into an environment that several versions share once the old version is gone.

`evaluator settings check` says **every** mistake at once: where it is, what is wrong, and which name was probably
meant. `serve` and `worker` do the same before they start. `evaluator settings show` says what is set and where it
comes from. Neither ever shows a secret.

```toml
store = "postgresql://evaluator@db.example.com/evaluator"
encryption_key_file = "/run/secrets/encryption_key"
public_url = "https://review.example.com"

[serve]
host = "0.0.0.0"
behind_proxy = true

[worker]
grader = "openai:MODEL"
rpm = 500

[openai]
api_key_file = "/run/secrets/openai"

[ats]
maps = "/etc/evaluator/maps"

[ats.greenhouse]
secrets_file = "/run/secrets/greenhouse"

[ats.ashby.tenants.acme]
secrets = ["new", "old"]

[webhooks]
urls = ["https://hiring.example.com/graded"]
secrets_file = "/run/secrets/webhooks"
```
"""

_END = """
## Read by libraries

`HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say how the model's endpoint is reached; `PGPASSFILE`, `PGSSLROOTCERT` and
the like are PostgreSQL's own and work for `EVALUATOR_STORE`.
"""


def page() -> str:
    """The page as it should be."""
    parts = []
    for part in PARTS:
        rows = "\n".join(_row(setting) for setting in part.settings)
        parts.append(
            f"\n## {part.title}\n\n{part.about}\n\n| variable | in the file | what it is | takes | default |\n"
            f"|---|---|---|---|---|\n{rows}\n"
        )
    return _BEGINNING + "".join(parts) + _END


def _row(setting: Setting) -> str:
    name = f"`{setting.name}`" + (", `…__<TENANT>`" if setting.by_tenant else "")
    about = setting.about + ("; **secret**" if setting.is_secret else "")
    key = f"`{setting.key}`" if setting.key else "–"
    return f"| {name} | {key} | {about} | {setting.kind.takes} | {''.join(_default(setting))} |"


def _default(setting: Setting) -> Iterator[str]:
    if setting.default is not None:
        yield setting.default if " " in setting.default else f"`{setting.default}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
