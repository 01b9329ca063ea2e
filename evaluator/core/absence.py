"""Which cells say that there is no answer, as against those that are answers however short."""

from __future__ import annotations

from evaluator.core.answer import Absence
from evaluator.core.folding import fold

# What people write, whole, where they have nothing to say; folded. Words that may be an answer ("no", "0",
# "I do not know") are left out: those are graded.
PLACEHOLDERS = frozenset(map(fold, {
    # English
    "n a", "na", "none", "nil", "null", "nan", "no answer", "no response", "not answered", "not applicable",
    "blank", "empty", "skip", "skipped", "tbd", "tba", "to be done", "x", "xx", "xxx", "cv", "resume",
    "see cv", "see my cv", "see attached cv", "see resume", "see my resume", "see attached resume",
    "see attached", "see attachment", "see above", "see linkedin", "see my linkedin", "refer to cv",
    "refer to my cv", "refer to resume", "as per cv", "as per resume",
    # Spanish, Portuguese, Italian
    "ver cv", "ver mi cv", "ver curriculum", "ver mi curriculum", "ver adjunto", "no aplica", "ninguno",
    "ninguna", "sin respuesta", "n d", "ver curriculo", "ver meu cv", "ver anexo", "vide cv",
    "nao se aplica", "nenhum", "nenhuma", "sem resposta", "vedi cv", "vedi curriculum", "vedi allegato",
    "non applicabile", "nessuno", "nessuna", "nessuna risposta",
    # French
    "voir cv", "voir mon cv", "voir le cv", "voir piece jointe", "sans objet", "s o", "neant", "aucun",
    "aucune", "sans reponse", "non applicable",
    # German, Dutch, the Nordic languages
    "siehe cv", "siehe lebenslauf", "siehe anhang", "siehe anlage", "keine", "keine angabe",
    "keine antwort", "k a", "entfallt", "nicht zutreffend", "zie cv", "zie bijlage", "n v t", "geen",
    "geen antwoord", "niet van toepassing", "se cv", "se mitt cv", "ingen", "inget svar", "intet svar",
    "ikke aktuelt", "ej aktuellt",
    # What opens an answer and is none: models have taken such words for one
    "solution", "the solution", "answer", "my answer", "the answer", "final answer", "thought process", "thinking",
    "reasoning", "analysis", "explanation", "let s solve this problem step by step", "let s think step by step",
    "let us solve this problem step by step", "let us think step by step", "let s think about this step by step",
    "solucion", "respuesta", "mi respuesta", "pensemos paso a paso", "solucao", "resposta", "reponse", "raisonnement",
    "losung", "die losung", "antwort", "gedankengang", "soluzione", "risposta", "oplossing", "antwoord", "odpowiedz",
    "rozwiazanie", "cevap", "cozum", "ответ", "решение", "ход решения", "рассуждение", "الاجابة", "الحل", "解答", "解",
    "答案", "回答", "思路", "解析", "해답", "답", "उत्तर",
    # Polish, Turkish, Russian, Chinese, Japanese
    "patrz cv", "brak", "brak odpowiedzi", "nie dotyczy", "yok", "cv ye bakiniz", "см резюме",
    "смотри резюме", "нет ответа", "не применимо", "无", "没有", "见简历", "不适用", "なし", "特になし", "該当なし",
}))  # fmt: skip
# What a spreadsheet shows where a formula failed: the answer was lost there, not left out by the candidate.
SPREADSHEET_ERRORS = frozenset({
    "#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#FIELD!", "#ERROR!",
    "#GETTING_DATA", "#BLOCKED!", "#CONNECT!", "#NV", "#BEZUG!", "#WERT!", "#ZAHL!",
})  # fmt: skip
LONGEST_PLACEHOLDER = 40  # characters
LONGEST_LEAD_IN = 120
"""Characters of a line that ends in a colon and opens an answer that does not come."""
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"


def absence_of(text: str) -> Absence | None:
    """Why this text is no answer; None where it is one. A spreadsheet's error is "missing"."""
    visible = strip_invisible(text)
    if not visible:
        return "blank"
    if is_spreadsheet_error(visible):
        return "missing"
    if visible[-1] in ":：" and len(visible) <= LONGEST_LEAD_IN and "\n" not in visible:
        return "placeholder"
    if len(visible) > LONGEST_PLACEHOLDER:
        # However long, a row of dashes has nothing to grade; isalnum stops at the first letter of an answer.
        return None if any(each.isalnum() for each in visible) else "placeholder"
    folded = fold(visible)
    return "placeholder" if folded in PLACEHOLDERS or not any(each.isalnum() for each in folded) else None


def is_spreadsheet_error(text: str) -> bool:
    """Whether the cell shows that a formula failed."""
    return text.startswith("#") and text.strip() in SPREADSHEET_ERRORS


def strip_invisible(text: str) -> str:
    """The text without white space and zero-width characters at its ends."""
    return text.strip().strip(INVISIBLE).strip()
