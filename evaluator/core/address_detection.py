"""Anybody's postal address in a text, by the words that streets have in many languages and the numbers beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from evaluator.core.contact_search import Found
from evaluator.core.span import Span

# Every repetition is bounded. In these patterns white space is written `[ ]`.
_NUMBER = r"\d{1,5}[a-zA-Z]?(?:[ ]?[-/][ ]?\d{1,4}[a-zA-Z]?)?"
_NAME = r"[A-Z\u00c0-\u00de\u0100-\u017e][\w'\u2019-]{0,30}"
_ANY = r"[\w\u00c0-\u017e.'\u2019-]{1,25}"
_TOWN = rf"{_NAME}(?:[ -](?:{_NAME}|am|an|der|de|la|do|sur|upon|on|in|el)){{0,4}}"
_POSTCODE = r"""(?:
    [A-Z]{1,2}\d[A-Z\d]?[ ]?\d[A-Z]{2}  # GB
    | [A-Z]\d[A-Z][ ]?\d[A-Z]\d  # CA
    | (?:[A-Z]{1,2}-)?\d{4,6}(?:[- ]\d{3,4})?(?:[ ][A-Z]{2}\b)?  # most others
    | \d{2}-\d{3} | \d{3}[ ]\d{2,3}
)(?![\d])"""
_UNIT = r"""(?:
    (?i:apt|apartment|apto|flat|unit|suite|ste|floor|room|wohnung|whg|piso|planta|puerta|esc|dpto|depto|bloque|b\u00e2t
        |appt|int|scala|daire|bus|rm|кв|корп)\.?[ ]?\#?[ ]?\d[\w\u00ba\u00aa-]{0,7}
    | \#[ ]?\d{1,5}[A-Za-z]?(?:-\d{1,5})?
    | \d{1,2}[ ]?[\u00ba\u00aa\u00b0](?:[ ][A-Z\d]{1,3}\b)?
)"""


@dataclass(frozen=True, slots=True)
class _Street:
    """How streets are written somewhere: `word` is quickly looked for, and `pattern` only where it is."""

    word: re.Pattern[str]
    pattern: re.Pattern[str]


def _street(word: str, pattern: str) -> _Street:
    return _Street(re.compile(word, re.VERBOSE), re.compile(pattern, re.VERBOSE))


_ENGLISH = r"""\b(?:St|Street|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Place|Pl|Square|Sq|Terrace|Ter
    |Close|Crescent|Cres|Way|Parkway|Pkwy|Highway|Hwy|Circle|Cir|Mews|Gardens|Grove|Hill|Row|Quay|Nagar|Marg|Colony|Layout|Cross)\b"""
_GERMANIC = r"""(?i:stra(?:\u00df|ss)e|str\.|gasse|platz|allee|ring|ufer|damm|steig|straat|gracht|laan|plein|kade
    |weg|gatan|gata|v\u00e4gen|veien|gade|vej|katu|tie)"""
_ROMANCE = r"""\b(?:Calle|C/|Avda?\.?|Avenida|Paseo|Plaza|Pza\.?|Camino|Carrera|Cra\.?|Ronda|Traves\u00eda|Via|Viale
    |Corso|Piazza|Largo|Rua|R\.|Travessa|Alameda|Pra\u00e7a|[Rr]ue|[Aa]venue|[Bb]oulevard|[Qq]uai|[Ii]mpasse|Strada|Bulevardul|Carrer)"""
_FRENCH = r"\b(?:rue|avenue|av\.|boulevard|bd|place|quai|impasse|all\u00e9e|chemin|route|cours|square|passage)\b"
_POLISH = r"\b(?:ul\.|ulica|al\.|os\.|pl\.|ulice|n\u00e1m\.)"
_CYRILLIC = r"(?:ул\.|улица|просп\.|проспект|пр-т|пер\.|вул\.|бульвар|наб\.)"
_TURKISH = r"\b(?:Cad(?:desi)?|Sok(?:ak|a\u011f\u0131)?|Sk|Bulvar\u0131)\b"
_INDIAN = r"\b(?:Flat|House|Plot|H\.?[ ]?No|Door|Shop|Block)\b"
_BETWEEN = r"[-\u2010-\u2015\uff0d番]"
_KANJI = r"[\u4e00-\u9fff\u30a0-\u30ff\u3040-\u309f]"

_STREETS = (
    _street(
        _ENGLISH,
        rf"(?:{_UNIT},?[ ])?\b{_NUMBER},?[ ](?:[NSEW]\.?[ ])?(?:(?:{_NAME}|St\.|\d{{1,3}}(?:st|nd|rd|th))[ ]){{1,4}}"
        rf"{_ENGLISH}\.?(?:[ ][NSEW]{{1,2}}\b|[ ](?:North|South|East|West)\b)?",
    ),
    _street(
        _GERMANIC,
        rf"\b(?:{_NAME}[ -]){{0,3}}(?:[A-Z\u00c4\u00d6\u00dc][\w-]{{1,30}})?(?<![ ]){_GERMANIC}[ ]{_NUMBER}\b"
        rf"|\b(?!(?:Auf|Am|Im|An|In|Den|Der|Die|Das|Zum|Vom|Um)\b)(?:{_NAME}[ -]){{1,3}}"
        rf"(?:Stra(?:\u00df|ss)e|Str\.|Platz|Allee|Ring|Ufer|Damm|Gasse|Weg)[ ]{_NUMBER}\b"
        rf"|\b(?:Stra(?:\u00df|ss)e|Str\.|Platz)[ ](?:der|des|am|zum|zur)[ ]{_NAME}(?:[ ]{_NAME})?[ ]{_NUMBER}\b",
    ),
    _street(
        _ROMANCE,
        rf"{_ROMANCE}[ ](?:{_ANY}[ ]){{0,5}}?{_ANY},?[ ](?:n\.?\u00ba[ ]?|n[\u00b0.][ ]?|No\.?[ ]?|\#[ ]?)?{_NUMBER}\b",
    ),
    _street(
        _FRENCH,
        rf"\b{_NUMBER}(?:[ ](?:bis|ter))?,?[ ]{_FRENCH}[ ](?:(?:de|du|des|la|le|les|d['\u2019]|l['\u2019])[ ]?){{0,3}}"
        rf"{_NAME}(?:[ -]{_NAME}){{0,3}}",
    ),
    _street(_POLISH, rf"{_POLISH}[ ](?:{_ANY}[ ]){{0,3}}?{_ANY}[ ]{_NUMBER}"),
    _street(_CYRILLIC, rf"{_CYRILLIC}[ ]?(?:{_ANY}[ ]){{0,3}}?{_ANY},?[ ]?(?:д\.|дом|буд\.|№)?[ ]?{_NUMBER}"),
    _street(_TURKISH, rf"\b(?:{_NAME}[ ]){{1,3}}{_TURKISH}\.?,?[ ]?(?:No\.?[ ]?:?[ ]?)?{_NUMBER}"),
    _street(
        _INDIAN,
        rf"{_INDIAN}\.?[ ]?(?:No\.?)?[ ]?[:\#]?[ ]?[\w/-]{{1,10}},[ ]?"
        rf"(?:[\w.'-]{{1,20}}(?:[ ][\w.'-]{{1,20}}){{0,3}},[ ]?){{1,5}}"
        r"[\w.']{2,30}[ ]?[-\u2013]?[ ]?\d{3}[ ]?\d{3}\b",
    ),
    _street(
        "[号號]",
        r"""(?:[\u4e00-\u9fff]{2,8}(?:省|自治区|市))?(?:[\u4e00-\u9fff]{1,8}[市州])?(?:[\u4e00-\u9fff]{1,8}[区县區縣])?
        [\u4e00-\u9fff]{1,12}(?:路|街|道|巷|弄|胡同|村|段)[ ]?\d{1,5}[ ]?[号號弄]
        (?:[ ]?\d{0,3}[ ]?(?:号楼|號樓|栋|幢|座|单元|單元|楼|樓|室)){0,3}(?:[ ]?\d{1,5}[室房]?)?""",
    ),
    _street(
        "[市区町村郡]",
        rf"""(?:〒[ ]?\d{{3}}-?\d{{4}}[ ]?)?(?:[\u4e00-\u9fff]{{2,3}}[都道府県])?
        {_KANJI}{{1,10}}[市区町村郡]{_KANJI}{{1,12}}[ ]?
        (?:\d{{1,3}}丁目[ ]?\d{{1,4}}|\d{{1,4}}{_BETWEEN}\d{{1,4}})(?:{_BETWEEN}\d{{1,4}}){{0,2}}(?:番地|号)?""",
    ),
    _street(
        "[로길]",
        r"""(?:[\uac00-\ud7af]{2,8}(?:시|도)[ ])?[\uac00-\ud7af]{1,8}[구군시][ ](?:[\uac00-\ud7af\d]{1,10}[읍면동][ ])?
        [\uac00-\ud7af\d]{1,12}(?:로|길)[ ]?\d{1,4}(?:-\d{1,4})?(?:번길[ ]?\d{1,4})?""",
    ),
    _street(
        "شارع|طريق",
        r"(?:شارع|طريق)[ ][\u0600-\u06ff]{2,20}(?:[ ][\u0600-\u06ff]{2,20}){0,3}"
        r"[،,]?[ ](?:رقم|مبنى|عمارة)?[ ]?[\d\u0660-\u0669]{1,5}",
    ),
)
_NEXT = re.compile(
    rf"""(?:
    ,?[ ]{_UNIT}
    | (?:,?[ ]|,?\n)(?:[A-Z]{{2}}[ ])?{_POSTCODE}(?:[ ]{_TOWN}\b)?
    | ,[ ]{_TOWN}[ ](?:[A-Z]{{2,3}}[ ])?{_POSTCODE}
    | ,[ ][A-Z]{{2}}[ ]{_POSTCODE}
    | ,[ ]{_TOWN}(?=[.,;)\n]|$)
    | ,[ ](?:д\.|кв\.|корп\.)[ ]?\d{{1,5}}
    )""",
    re.VERBOSE,
)
_MOST_PARTS = 5


def detect_addresses(text: str) -> Iterator[Found]:
    """Where the text has a street with a number, with the flat, postcode and town after it."""
    for street in _STREETS:
        if street.word.search(text) is not None:
            for found in street.pattern.finditer(text):
                yield Found(Span(found.start(), _end_of(text, found.end())), "address")


def _end_of(text: str, end: int) -> int:
    """Where the address ends whose street ends there."""
    for _ in range(_MOST_PARTS):
        more = _NEXT.match(text, end)
        if more is None:
            break
        end = more.end()
    return end
