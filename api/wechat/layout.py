"""A stored answer as one WeChat text: the conclusion first, within the size that phones get.

Pure. Official pages give no limit for a text; users measure 2,048 bytes, so 1,800 are used.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import regex

from api.policies.validity import chinese_date, spoken_address
from assistant.answer import NOTE_LEAD

MAX_CHARACTERS = 600
MAX_BYTES = 1800
MAX_QUESTION = 40  # characters of the question quoted before a late answer
MAX_SOURCES = 3
MAX_NOTES = 2
NOTE_CHARACTERS = 70
MAX_CHOICES = 4
CUT = "…"
_GRAPHEME = regex.compile(r"\X")
_TAPPED = re.compile(r'["&?#%\n]|.{31}')  # what may not stand in the address of a menu link
_NUMBERED = re.compile(r"^\d\. (.*)（回复 \d）$")
_UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_MARKDOWN = re.compile(r"\*\*|__|`+|^[ ]*#{1,6}[ ]+|^[ ]*>[ ]+|!?\[([^\]\n]*)\]\([^)\n]*\)", re.M)


@dataclass(frozen=True, slots=True)
class Place:
    """Where links lead and which can be used: `site` is our public address, "" for none."""

    site: str = ""
    menu_links: bool = False  # choices that a tap sends; they need a verified account

    def link(self, path: str, words: str) -> str:
        """Return a link with its words, or the words alone where there is no public address."""
        return f'<a href="{self.site}{path}">{words}</a>' if self.site else words


class _Room:
    """Pieces of one text, added while they fit."""

    def __init__(self, characters: int, max_bytes: int) -> None:
        self.characters = characters
        self.bytes = max_bytes
        self.pieces: list[str] = []

    def fits(self, piece: str) -> bool:
        size = len(piece.encode()) + 1
        return len(piece) + 1 <= self.characters and size <= self.bytes

    def add(self, piece: str) -> bool:
        """Add a piece on its own line if it fits; return whether."""
        if not self.fits(piece):
            return False
        self.characters -= len(piece) + 1
        self.bytes -= len(piece.encode()) + 1
        self.pieces.append(piece)
        return True


def plain(text: str) -> str:
    """Drop markdown and what no phone shows, and keep text from becoming a link of ours."""
    text, marked = _UNSEEN.sub("", text), ""
    while text != marked:  # what is left may be markdown again
        marked, text = text, _MARKDOWN.sub(lambda match: match[1] or "", text)
    return text.replace("<", "＜").replace(">", "＞")


def cut(text: str, characters: int, max_bytes: int) -> str:
    """Cut a text to a size, never inside what a reader sees as one character."""
    if len(text) <= characters and len(text.encode()) <= max_bytes:
        return text
    kept, length, size = [], len(CUT), len(CUT.encode())
    for grapheme in _GRAPHEME.findall(text):
        length += len(grapheme)
        size += len(grapheme.encode())
        if length > characters or size > max_bytes:
            break
        kept.append(grapheme)
    return "".join(kept) + CUT


def answer_text(
    reply: Mapping[str, Any], label: str, path: str, place: Place, question: str = ""
) -> str:
    """Lay out a stored reply.

    Args:
        reply: the payload of the turn: sentences, citations, suggestions.
        label: how the words came about, told below every answer with sources.
        path: page of the whole answer.
        place: where links lead.
        question: set when the answer comes late, so that the reader knows what it answers.
    """
    sources = [_source(citation, place) for citation in reply["citations"][:MAX_SOURCES]]
    notes = [_note(note) for note in reply.get("notes", ())[:MAX_NOTES]]
    tail = _tail(reply, label, path, place)
    room = _Room(MAX_CHARACTERS, MAX_BYTES)
    for piece in tail:
        room.add(piece)
    if sources:
        # The room for the first source is kept while sentences are added.
        _hold(room, ("依据：", sources[0]))
    _hold(room, notes)
    tail_pieces, room.pieces = room.pieces, []
    if question:
        room.add(f"您问“{cut(plain(question), MAX_QUESTION, 3 * MAX_QUESTION)}”：")
    cards = [(plain(card["title"]), card["url"]) for card in reply.get("cards", ()) if card["url"]]
    _add_sentences(room, [_line(sentence, cards, place) for sentence in reply["sentences"]])
    _release(room, notes)
    for note in notes:
        room.add(note)
    if sources:
        _release(room, ("依据：", sources[0]))
        _add_group(room, "依据：", sources)
    _add_group(room, "您还可以问：", _choices(reply["suggestions"], place))
    return "\n".join([*room.pieces, *tail_pieces])


def _tail(reply: Mapping[str, Any], label: str, path: str, place: Place) -> list[str]:
    if not reply["citations"] and not reply.get("cards"):
        return []
    more = [place.link(path, "查看全文与依据")] if place.site else []
    return [*more, f"（{label}）"]


def _note(text: str) -> str:
    """Return what has to be known of a document; never left out for want of room."""
    return NOTE_LEAD + cut(plain(text), NOTE_CHARACTERS, 3 * NOTE_CHARACTERS)


def _hold(room: _Room, pieces: Iterable[str]) -> None:
    for piece in pieces:
        room.characters -= len(piece) + 1
        room.bytes -= len(piece.encode()) + 1


def _release(room: _Room, pieces: Iterable[str]) -> None:
    for piece in pieces:
        room.characters += len(piece) + 1
        room.bytes += len(piece.encode()) + 1


def _line(
    sentence: Mapping[str, Any], cards: Sequence[tuple[str, str]], place: Place
) -> tuple[str, str]:
    """Return a sentence as its line, and without links: what may be cut.

    A recommended project or mentor is named in a sentence; its name leads to its page.
    """
    bare = ("· " if sentence["bullet"] else "") + plain(sentence["text"])
    title, url = next(((t, u) for t, u in cards if t and t in bare), ("", ""))
    return (bare.replace(title, place.link(url, title), 1) if title else bare), bare


def _add_sentences(room: _Room, lines: Sequence[tuple[str, str]]) -> None:
    """Add whole sentences while they fit; the first is cut rather than left out."""
    more = "（内容较长，以上为部分）"
    for number, (text, bare) in enumerate(lines):
        last = number == len(lines) - 1
        held = () if last else (more,)
        _hold(room, held)
        added = room.add(text)
        _release(room, held)
        if not added:
            if number == 0:
                _hold(room, (more,))
                room.add(cut(bare, max(room.characters - 1, 0), max(room.bytes - 1, 0)))
                _release(room, (more,))
            room.add(more)
            return


def _add_group(room: _Room, lead: str, lines: Sequence[str]) -> None:
    if lines and room.fits("\n".join((lead, lines[0]))):
        room.add(lead)
        for line in lines:
            if not room.add(line):
                return


def _source(citation: Mapping[str, Any], place: Place) -> str:
    title = cut(plain(citation["document"]), 30, 90)
    name = f"《{title}》{plain(spoken_address(citation['address']))}"
    dates = []
    if citation["effective_on"]:
        dates.append(f"{chinese_date(date.fromisoformat(citation['effective_on']))}起施行")
    if citation["expires_on"]:
        dates.append(f"有效期至{chinese_date(date.fromisoformat(citation['expires_on']))}")
    linked = place.link(f"/clauses/{citation['clause_id']}", cut(name, 60, 180))
    return linked + (f"（{'，'.join(dates)}）" if dates else "")


def _choices(suggestions: Sequence[str], place: Place) -> list[str]:
    """Return the choices to tap; where taps are not to be had, numbers to send instead."""
    shown = [plain(text) for text in suggestions[:MAX_CHOICES]]
    if place.menu_links and not any(_TAPPED.search(text) for text in shown):
        return [
            f'<a href="weixin://bizmsgmenu?msgmenucontent={text}&msgmenuid={number}">{text}</a>'
            for number, text in enumerate(shown, start=1)
        ]
    short = [cut(text, 30, 90) for text in shown]
    return [f"{number}. {text}（回复 {number}）" for number, text in enumerate(short, start=1)]


def chosen(text: str, suggestions: Sequence[str]) -> str:
    """Return the choice that a sent number means, else the text itself."""
    number = text.strip().rstrip(".。、")
    if number in {"1", "2", "3", "4"} and int(number) <= min(len(suggestions), MAX_CHOICES):
        return suggestions[int(number) - 1]
    return text


def notice_text(text: str, starters: Sequence[str], place: Place) -> str:
    """Lay out a fixed text with what can be asked."""
    room = _Room(MAX_CHARACTERS, MAX_BYTES)
    room.add(text)
    _add_group(room, "您可以这样问：", [_tapped_only(line) for line in _choices(starters, place)])
    return "\n".join(room.pieces)


def _tapped_only(line: str) -> str:
    """Drop the hint to send a number: no turn remembers what a notice offered."""
    return _NUMBERED.sub(r"\1", line)
