"""What the passive reply to a callback says, once it is decided how the answer goes out."""

from api.wechat import wording
from api.wechat.answering import answer_path, passive_text
from api.wechat.binding import BindingOutcome
from api.wechat.callback import Callback
from api.wechat.layout import Place, notice_text
from api.wechat.received import Delivery, WeChatMessage
from assistant.wording import SUGGESTIONS
from guidance.session import Turn


def reply_text(
    callback: Callback,
    site: str,
    message: WeChatMessage,
    delivery: Delivery | None,
    turn: Turn | None,
) -> str:
    """Return the text of the reply, "" when nothing is to be said now."""
    if delivery is Delivery.PASSIVE and turn is not None:
        return passive_text(turn, callback.account, site, message)
    if delivery is Delivery.LINK:
        return _with_link(wording.LATER_LINK, answer_path(message), wording.OPEN_PAGE, site)
    if delivery is Delivery.STOPPED:
        return _with_link(wording.STOPPED_LINK, "/contact", wording.OPEN_CONTACT, site)
    if message.kind in wording.COMMANDS:
        return wording.BINDING[BindingOutcome(message.text)]
    if delivery is Delivery.NOTICE and message.kind in wording.NOTICES:
        starters = SUGGESTIONS if message.kind in wording.WITH_STARTERS else ()
        place = Place(site, menu_links=callback.account.verified)
        return notice_text(wording.NOTICES[message.kind], starters, place)
    return ""


def _with_link(said: wording.Linked, path: str, words: str, site: str) -> str:
    return f"{said.before}{Place(site).link(path, words)}" if site else said.alone
