"""Anybody's e-mail addresses, phone numbers, links and handles in a text, by their form."""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers

from evaluator.core.address_detection import detect_addresses
from evaluator.core.contact_search import EMAIL, LINK, PHONE, Found
from evaluator.core.span import Span

_SPELT_OUT = re.compile(
    r"(?<![\w.])[\w.+-]{1,64}\s?[\[({<]?\s?(?:\bat\b|\barroba\b|\bklammeraffe\b)\s?[\])}>]?\s?"
    r"(?:[\w-]{1,40}\s?[\[({<]?\s?\b(?:dot|punkt|punto|point)\b\s?[\])}>]?\s?){1,3}[a-z]{2,12}\b",
    re.IGNORECASE,
)
_SHOWN_AT = re.compile(r"(?<![\w.@/])@[A-Za-z_][\w.-]{1,38}\w")
_NAMED = re.compile(
    r"\b(?:github|gitlab|twitter|instagram|telegram|skype|kaggle|linkedin|discord|wechat|weixin|whatsapp|line id|xing|"
    r"user ?name|handle|nick(?:name)?|my id|ig)\b(?:\s(?:handle|user ?name|account|id|profile))?"
    r"(?:\s?[:=\uff1a]\s?|\s(?:is|as)\s(?=@))"
    r"@?([A-Za-z][\w.-]{2,38})(?![\w@])",
    re.IGNORECASE,
)
_WECHAT = re.compile(r"(?:微信号?|微博|QQ号?)\s?[:：是为]?\s?([A-Za-z0-9][\w-]{4,38})")
# What follows an @ in code and in metrics.
_CODE_WORDS = frozenset(
    "property staticmethod classmethod dataclass cached_property override overload abstractmethod contextmanager "
    "wraps lru_cache cache task dag asset op job flow step udf pandas_udf test fixture pytest.fixture pytest.mark "
    "app.route app.get app.post tf.function torch.no_grad torch.jit.script jit njit retry ray.remote final bean "
    "autowired entity component service transactional nullable param return returns author media import keyframes "
    "types angular babel latest main master k n top once everyone here channel all".split()
)
# Endings under which file names, modules and attributes look like hosts.
_PLAIN_HOSTS = frozenset(
    "com org net edu gov eu de fr es it uk ch at nl be pl se no dk fi pt br mx ar in cn jp kr ru ua".split()
)
_SHORT_HOSTS = frozenset("io ai me dev app co page tech xyz info biz us ca au nz ie cz gr tr za sg hk tw id vn".split())
_CALLED = re.compile(
    r"(?:\b(?:tel|phone|telephone|mobile|cell|call|text|whatsapp|signal|ring|fax|reach|contact|nummer|telefon\w*|handy|mobil|"
    r"tel[ée]fono|m[óo]vil|celular|joignable|t[ée]l[ée]phone|portable|telefone|cellulare|numero|n[úu]mero)\b|电话|手机|電話|携帯|"
    r"연락처|전화|телефон|тел|هاتف|फ़ोन)[^\n\d+]{0,25}$|@[^\s\n]{3,60}[^\w\n]{1,4}(?:\w{1,6}[^\w\n]{1,3})?$",
    re.IGNORECASE,
)
_REGIONS = tuple("US GB DE FR ES IT IN BR CN NL PL JP MX AU CH AT KR NG ZA TR".split())
_MONTH, _DAY, _YEAR = r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])", r"(?:19|20)\d\d"
_DATE = re.compile(rf"{_YEAR}[-./ ]?{_MONTH}[-./ ]?{_DAY}\b|\b{_DAY}[-./]{_MONTH}[-./]{_YEAR}")
_THOUSANDS = re.compile(r"\d{1,3}(?:([ .,\u00a0'])\d{3})(?:\1\d{3})*")
_DECIMAL = re.compile(r"\d+[.,]\d+")
_AS_YEARS = re.compile(r"(?:19|20)\d\d\s?[-\u2013/]\s?(?:19|20)\d\d")
_ADDRESS_OF_A_MACHINE = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")


def detect_contacts(text: str) -> Iterator[Found]:
    """E-mail addresses, links, handles, phone numbers and postal addresses. What overlaps is left to the caller."""
    if "@" in text:
        yield from (Found(Span(*found.span()), "email") for found in EMAIL.finditer(text))
        yield from _shown_handles(text)
    yield from (Found(Span(*found.span()), "email") for found in _SPELT_OUT.finditer(text) if _is_spelt_out(found[0]))
    yield from _links(text)
    for pattern in (_NAMED, _WECHAT):
        yield from (Found(Span(*found.span(1)), "handle") for found in pattern.finditer(text))
    yield from _phones(text)
    yield from detect_addresses(text)


def _is_spelt_out(written: str) -> bool:
    """ "at example dot com", not "look at it from a point of view": the last word is an ending of hosts."""
    ending = re.split(r"\W+", written.casefold())[-1]
    return ending in _PLAIN_HOSTS or ending in _SHORT_HOSTS - {"me", "id", "us"}


def _shown_handles(text: str) -> Iterator[Found]:
    for found in _SHOWN_AT.finditer(text):
        name = found[0][1:]
        before = text[max(0, found.start() - 1) : found.start()]
        after = text[found.end() : found.end() + 1]
        begins_line = not text[text.rfind("\n", 0, found.start()) + 1 : found.start()].strip()
        is_decorator = after == "(" or (
            begins_line and re.match(r"\s*\n\s*(?:async )?(?:def|class|@)", text[found.end() :])
        )
        if name.casefold() not in _CODE_WORDS and not is_decorator and before not in ("`", "{", "\\"):
            yield Found(Span(*found.span()), "handle")


def _links(text: str) -> Iterator[Found]:
    for found in LINK.finditer(text):
        written = found[0].rstrip(".,;:!?)]}\u2019\u201d\u3002\uff0c")
        if not re.match(r"https?://|www\.", written, re.IGNORECASE):
            host, slash, _ = written.partition("/")
            ending = host.rpartition(".")[2].casefold()
            known = ending in _PLAIN_HOSTS or (ending in _SHORT_HOSTS and bool(slash))
            if not known or not host.islower() or text[found.end() : found.end() + 1] in ("(", "@"):
                continue
            if ending in ("in", "no", "it", "at", "be", "is", "es", "de") and not slash:
                continue  # words: a full stop without a space after it
        yield Found(Span(found.start(), found.start() + len(written)), "link")


def _phones(text: str) -> Iterator[Found]:
    for found in PHONE.finditer(text):
        written = found[0]
        before, after = text[max(0, found.start() - 60) : found.start()], text[found.end() : found.end() + 12]
        if _is_phone(written, before, after):
            yield Found(Span(*found.span()), "phone")


def _is_phone(written: str, before: str, after: str) -> bool:
    digits = re.sub(r"\D", "", written)
    if not 7 <= len(digits) <= 15:
        return False
    if written.startswith(("+", "00")):
        return _is_possible("+" + digits[2:] if written.startswith("00") else "+" + digits, None)
    alone = (not before or before.endswith("\n")) and (not after or after[0] in "\r\n") and bool(before or after)
    if _CALLED.search(before) or (alone and not written.isdigit()):
        return True
    looks_otherwise = (
        _DATE.search(written)
        or _DECIMAL.fullmatch(written)
        or _THOUSANDS.fullmatch(written)
        or _AS_YEARS.search(written)
        or _ADDRESS_OF_A_MACHINE.match(written)
    )
    if (
        looks_otherwise
        or before.endswith(("$", "€", "£", "#", "=", "0x", "-", "("))
        or re.match(r"\s?(?:%|ms|rows|records|users)", after)
    ):
        return False
    # Digits alone may be any number: a phone number that nobody announces is written in groups, or begins with 0.
    groups = [group for group in re.split(r"\D+", written) if group]
    is_grouped = 2 < len(groups) < 6 and all(len(group) > 1 for group in groups)
    if not (is_grouped or (written[0] in "0(" and len(groups) > 1) or (written[0] == "0" and len(digits) >= 10)):
        return False
    return any(_is_possible(written, region) for region in _REGIONS)


def _is_possible(written: str, region: str | None) -> bool:
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return False
    # A number of another country's test range is possible and not valid; without its country it has to be valid.
    return phonenumbers.is_possible_number(number) if region is None else phonenumbers.is_valid_number(number)
