"""A notice as Tencent gets it, in each of the ways it may take. Pure."""

from collections.abc import Mapping
from typing import Any

from api.notice import FACTS, WORDS, NoticeKind
from api.wechat.client import Way
from api.wechat.layout import MAX_BYTES, MAX_CHARACTERS, Place, cut, plain
from api.wechat.outbox import text_body
from api.wechat.template import NoticeTemplate

MAX_FACT = 200  # characters of one fact in a text


def notice_body(
    told: Mapping[str, Any], way: Way, template: NoticeTemplate | None, place: Place
) -> dict[str, Any]:
    """Return the body of a stored notice, without touser.

    Args:
        told: kind, facts and path, as the outbox keeps them.
        way: how it goes out.
        template: of its kind, for the ways that need one.
        place: where links lead.
    """
    if way is Way.CUSTOMER or template is None:
        return text_body(notice_words(told, place))
    body = {"template_id": template.id, "data": template.data(told["facts"])}
    if not place.site:
        return body
    return body | {_LINK[way]: place.site + told["path"]}


_LINK = {Way.TEMPLATE: "url", Way.SUBSCRIPTION: "page"}


def notice_words(told: Mapping[str, Any], place: Place) -> str:
    """Return a stored notice as a text: what it is, its facts line by line, the link."""
    words = WORDS[NoticeKind(told["kind"])]
    facts = [
        f"{FACTS[name]}：{cut(plain(value), MAX_FACT, 3 * MAX_FACT)}"
        for name, value in told["facts"].items()
        if name in FACTS and value.strip()
    ]
    link = place.link(told["path"], words.link) if place.site else ""
    room = len(link) + 1, len(link.encode()) + 1
    text = cut("\n".join([words.says, *facts]), MAX_CHARACTERS - room[0], MAX_BYTES - room[1])
    return f"{text}\n{link}" if link else text
