"""What answers are cut into where near copies are looked for: words, and letters in scripts without spaces."""

from __future__ import annotations

import re

# Ideographs, kana, Hangul and Thai one by one: nothing between them says where a word ends.
_LETTERS = "\u0e00-\u0e7f\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff"
UNSPACED = re.compile(f"[{_LETTERS}]")
LETTER_OR_WORD = re.compile(f"[{_LETTERS}]|[^\\W_{_LETTERS}]+")
