"""What the headings of a table of answers are called, by people and by the forms and systems that export them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, get_args

from evaluator.core.folding import fold

Role = Literal[
    "candidate_id", "question", "answer", "answer_id", "ignore", "name", "email", "phone", "link", "address"
]  # fmt: skip
ROLES: tuple[Role, ...] = get_args(Role)
IdentityKind = Literal["names", "emails", "phones", "links", "addresses"]
IDENTITY_ROLES: Mapping[str, IdentityKind] = {
    "name": "names", "email": "emails", "phone": "phones", "link": "links", "address": "addresses",
}  # fmt: skip
"""Which field of `core.identity.Identity` a column of each role goes into."""

# The best comes first. A name is in none of them: names are neither needed nor kept as ids.
CANDIDATE_ID_HEADINGS = (
    "candidate id", "candidateid", "candidate number", "candidate no", "candidate ref", "candidate reference",
    "candidate key", "candidate code",
    "applicant id", "applicantid", "applicant number", "participant id", "person id", "respondent id", "student id",
    "bewerber id", "bewerbernummer", "kandidaten id", "id candidato", "id del candidato", "id candidat",
    "id du candidat", "id do candidato",
    "application id", "applicationid", "application number",
)  # fmt: skip
# These hold an id in some tables and a name in others.
CANDIDATE_HEADINGS = ("candidate", "applicant", "participant")
# How forms number what is handed in: Microsoft Forms, Typeform (twice), and what other forms call it.
FORM_ID_HEADINGS = ("id", "#", "network id", "response id", "submission id", "response number", "token")
EMAIL_HEADINGS = (
    "email", "e mail", "mail", "email address", "e mail address", "emailaddress", "candidate email",
    "applicant email", "username", "e mail adresse", "correo", "correo electronico",
    "direccion de correo electronico", "adresse e mail", "adresse email", "courriel", "endereco de e mail",
    "indirizzo email", "indirizzo e mail", "e mailadres",
)  # fmt: skip
QUESTION_HEADINGS = (
    "question id", "questionid", "question key", "question", "question title", "question text", "question name",
    "frage", "frage id", "pregunta", "id de la pregunta", "pergunta", "domanda", "vraag",
)  # fmt: skip
ANSWER_HEADINGS = (
    "answer", "answer text", "answertext", "response", "response text", "reply", "candidate answer",
    "antwort", "respuesta", "reponse", "resposta", "risposta", "antwoord",
)  # fmt: skip
# What a table may say of who wrote an answer: read so that it can be taken out of what a grader reads, and for nothing
# else.
NAME_HEADINGS = (
    "name", "names", "full name", "fullname", "first name", "firstname", "last name", "lastname", "given name",
    "given names", "family name", "surname", "middle name", "middle names", "preferred name", "nickname", "legal name",
    "candidate name", "applicant name", "participant name", "respondent name", "student name", "your name",
    "candidate first name", "candidate last name", "applicant first name", "applicant last name",
    "vorname", "nachname", "familienname", "vor und nachname", "name des bewerbers",
    "nombre", "nombres", "apellido", "apellidos", "nombre completo", "nombre y apellidos",
    "nom", "prenom", "prenoms", "nom complet", "nom de famille", "nome", "cognome", "sobrenome", "nome completo",
    "voornaam", "achternaam", "naam", "fornamn", "efternamn", "namn", "imie", "nazwisko", "imie i nazwisko",
    "ad", "soyad", "ad soyad", "имя", "фамилия", "фио", "ім я", "прізвище", "姓名", "名字", "姓", "名", "氏名",
    "お名前", "이름", "성명", "الاسم", "नाम",
)  # fmt: skip
PHONE_HEADINGS = (
    "phone", "phone number", "phone no", "telephone", "telephone number", "mobile", "mobile number", "mobile phone",
    "cell", "cell phone", "tel", "whatsapp", "whatsapp number", "contact number", "candidate phone",
    "telefon", "telefonnummer", "handy", "handynummer", "mobilnummer", "telefono", "numero de telefono", "movil",
    "celular", "telephone portable", "numero de telephone", "telefone", "cellulare", "telefoonnummer", "телефон",
    "电话", "手机", "手机号", "電話番号", "전화번호",
)  # fmt: skip
LINK_HEADINGS = (
    "linkedin", "linkedin url", "linkedin profile", "linkedin profile url", "github", "github url", "github profile",
    "github username", "gitlab", "portfolio", "portfolio url", "website", "personal website", "homepage", "blog",
    "profile", "profile url", "profile link", "twitter", "x handle", "twitter handle", "kaggle", "kaggle profile",
    "xing", "url", "webseite", "sitio web", "site web", "social profile",
)  # fmt: skip
ADDRESS_HEADINGS = (
    "address", "postal address", "home address", "street", "street address", "mailing address",
    "adresse", "anschrift", "direccion", "domicilio", "indirizzo", "endereco", "adres", "адрес", "地址", "住所", "주소",
)  # fmt: skip
ANSWER_ID_HEADINGS = ("answer id", "answerid", "answer key")
# Columns that forms and applicant systems add of themselves; they help to recognise a header row.
FORM_HEADINGS = frozenset({
    "timestamp", "start time", "completion time", "last modified time", "language",
    "submit date utc", "start date utc", "stage date utc", "response type",
    "submitted at", "score", "total points", "total score", "quiz feedback", "grade posted time", "split",
    "zeitstempel", "startzeit", "fertigstellungszeit", "marca temporal", "horodateur",
    "carimbo de data hora", "informazioni cronologiche",
})  # fmt: skip

# What forms put before a question ("1. ", "Q2: ", "Question 3 - ") and after one ("(required)", "*").
NUMBER_PREFIX = re.compile(
    r"^\s*(?:(?:q|question|frage|pregunta|pergunta|domanda)\s*\d{1,3}\b\s*[.:)\-\u2013\u2014]?"
    r"|\d{1,3}\s*[.:)\-\u2013\u2014])\s*(?=\S)",
    re.IGNORECASE,
)
REQUIRED_SUFFIX = re.compile(r"\s*(?:\(\s*(?:required|optional|mandatory)\s*\)|\*)\s*$", re.IGNORECASE)
# Marks that a form's quiz mode adds to each question; they are about an answer and are not one.
COMPANION = re.compile(
    r"^\s*(?:points|feedback)\s*[-\u2013\u2014:]\s+\S|\[\s*(?:score|feedback|points)\s*\]\s*$", re.IGNORECASE
)


def without_numbering(text: str) -> str:
    """The heading without a form's number before it and its mark of a required question after it."""
    return REQUIRED_SUFFIX.sub("", NUMBER_PREFIX.sub("", text))


def is_companion(heading: str) -> bool:
    """Whether the column holds points or feedback that a quiz form adds beside a question."""
    return COMPANION.search(heading) is not None


def is_known(heading: str) -> bool:
    """Whether the heading is one of those above, whatever it stands for."""
    return fold(heading) in _KNOWN


def identity_kind(heading: str) -> IdentityKind | None:
    """What the column says of who wrote the answers, None where it says something else."""
    return _IDENTITY.get(fold(heading))


def column_letter(position: int) -> str:
    """What a spreadsheet calls the column: 0 is A, 26 is AA."""
    letters = ""
    position += 1
    while position:
        position, remainder = divmod(position - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return letters


def shorten(text: str, length: int = 60) -> str:
    """The text on one line, cut for a message."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}\u2026"


_IDENTITY: Mapping[str, IdentityKind] = {
    **dict.fromkeys(map(fold, NAME_HEADINGS), "names"),
    **dict.fromkeys(map(fold, EMAIL_HEADINGS), "emails"),
    **dict.fromkeys(map(fold, PHONE_HEADINGS), "phones"),
    **dict.fromkeys(map(fold, LINK_HEADINGS), "links"),
    **dict.fromkeys(map(fold, ADDRESS_HEADINGS), "addresses"),
}
_KNOWN = FORM_HEADINGS.union(
    CANDIDATE_ID_HEADINGS,
    CANDIDATE_HEADINGS,
    FORM_ID_HEADINGS,
    EMAIL_HEADINGS,
    QUESTION_HEADINGS,
    ANSWER_HEADINGS,
    ANSWER_ID_HEADINGS,
    NAME_HEADINGS,
    PHONE_HEADINGS,
    LINK_HEADINGS,
    ADDRESS_HEADINGS,
)
