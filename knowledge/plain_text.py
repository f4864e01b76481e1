"""Bytes of a text file -> clean text: which encoding, what control characters."""

import re
import unicodedata
from dataclasses import dataclass

from charset_normalizer import from_bytes

SAMPLE = 200_000  # bytes looked at to choose between encodings
_MARKS = (  # longest first: the mark of UTF-32 begins with that of UTF-16
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufeff\ufff0-\uffff]"
)
_TRAILING = re.compile(r"[ \t\u3000\xa0]+(?=\n|\Z)")
_GAPS = re.compile(r"\n{3,}")
_UNDERLINED = re.compile(r"^(?![#|>\-*])([^\n]{1,80})\n={3,}$", re.M)
_MARKDOWN = (
    (re.compile(r"^[ ]{0,3}(?:```|~~~)[^\n]*\n?", re.M), ""),
    (re.compile(r"!\[[^\]\n]{0,200}\]\([^()\n]{0,500}\)"), ""),
    (re.compile(r"\[([^\]\[\n]{1,200})\]\([^()\n]{1,500}\)"), r"\1"),
    (re.compile(r"(\*\*|__)(?=\S)([^\n*_]{1,300}?)(?<=\S)\1"), r"\2"),
    (re.compile(r"`([^`\n]{1,200})`"), r"\1"),
)


class UnknownEncoding(ValueError):
    """The bytes are not text in any encoding that Chinese documents are written in."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, the encoding it was in, and how many characters could not be read."""

    text: str
    encoding: str
    lost: int = 0


def decode(data: bytes) -> Decoded:
    """Decode a text file: by its mark, else UTF-8, GB18030, UTF-16 or Big5.

    GB18030 comes before every exotic guess: a short Chinese text in it is also valid
    in encodings that no Chinese office uses. Raises UnknownEncoding.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = data.decode(encoding, errors="replace")
            return Decoded(text, encoding, text.count("\ufffd"))
    readings = {e: t for e in ("utf-8", "gb18030", "big5hkscs") if (t := _strictly(data, e))}
    sure = readings.get("utf-8")
    if sure is not None and "\0" not in sure and _is_plausible_utf8(sure, readings.get("gb18030")):
        return Decoded(sure, "utf-8")
    wide = _wide(data)
    if wide is not None:
        return wide
    if sure is not None and "gb18030" not in readings:
        return Decoded(sure, "utf-8")
    best = max(("gb18030", "big5hkscs"), key=lambda e: _share_common(readings.get(e, ""), e))
    if best in readings and _share_common(readings[best], best) > 0.5:
        return Decoded(readings[best], best)
    return _with_losses(data)


def clean(text: str) -> str:
    r"""Return text with \n line ends, without control and invisible characters.

    Spaces at line ends go, and never more than one empty line stays between two lines.
    """
    text = _INVISIBLE.sub("", _BREAKS.sub("\n", text))
    return _GAPS.sub("\n\n", _TRAILING.sub("", text)).strip("\n")


def plain_markdown(text: str) -> str:
    """Return Markdown without emphasis, link targets, images, comments and fences.

    Headings and tables keep their marks: the splitter reads them.
    """
    pieces = text.split("<!--")
    text = pieces[0] + "".join(
        piece.partition("-->")[2] if "-->" in piece else f"<!--{piece}" for piece in pieces[1:]
    )
    text = _UNDERLINED.sub(r"# \1\n", text)
    for pattern, kept in _MARKDOWN:
        text = pattern.sub(kept, text)
    return text


def _strictly(data: bytes, encoding: str) -> str | None:
    for cut in range(4 if len(data) > 64 else 1):  # the last character may be cut off
        try:
            return data[: len(data) - cut].decode(encoding)
        except UnicodeDecodeError as error:
            if error.start < len(data) - 4:
                return None
    return None


def _is_plausible_utf8(text: str, as_gb: str | None) -> bool:
    """Two Chinese characters of GB18030 can read as two letters of UTF-8."""
    foreign = [c for c in text[:SAMPLE] if "\x7f" < c < "\u0800"]
    if not foreign or as_gb is None or any(c >= "\u2000" for c in text[:SAMPLE]):
        return True
    return _share_common(as_gb, "gb18030") < 0.9


def _wide(data: bytes) -> Decoded | None:
    """Read UTF-16 without a mark, where it gives mostly Chinese or has its zeros."""
    sample = data[: SAMPLE & ~1]
    if len(data) % 2 or len(data) < 4:
        return None
    for encoding in ("utf-16-le", "utf-16-be"):
        text = sample.decode(encoding, errors="replace")
        usual = sum(c in "\n\r\t" or " " <= c <= "~" or _is_chinese(c) for c in text)
        frequent = _share_common(text, "gb18030")
        if usual >= 0.97 * len(text) and frequent > 0.85:
            whole = data.decode(encoding, errors="replace")
            return Decoded(whole, encoding, whole.count("\ufffd"))
    return None


def _is_chinese(c: str) -> bool:
    return (
        "\u4e00" <= c <= "\u9fff"
        or "\u3000" <= c <= "\u303f"
        or "\u2010" <= c <= "\u2026"
        or ("\uff01" <= c <= "\uff5e")
    )


def _share_common(text: str, encoding: str) -> float:
    """Share of frequent characters (first level of GB 2312 or of Big5), 0 to 1, beyond ASCII."""
    counted = common = 0
    for c in text[:SAMPLE]:
        if c < "\x80":
            continue
        counted += 1
        common += _is_frequent(c, encoding)
    return common / counted if counted else 0.0


def _is_frequent(c: str, encoding: str) -> bool:
    try:
        code = c.encode("gb2312" if encoding == "gb18030" else "big5")
    except UnicodeEncodeError:
        return False
    if encoding == "gb18030":
        return code[0] <= 0xA3 or 0xB0 <= code[0] <= 0xD7
    return 0xA1 <= code[0] <= 0xC6


def _with_losses(data: bytes) -> Decoded:
    """Read a text with a few broken bytes, or raise UnknownEncoding."""
    for encoding in ("utf-8", "gb18030"):
        text = data.decode(encoding, errors="replace")
        lost = text.count("\ufffd")
        if lost <= len(text) // 200 + 1 and _share_common(text, "gb18030") > 0.5:
            return Decoded(text, encoding, lost)
    guess = from_bytes(data[:SAMPLE]).best()
    if guess is None or not _is_writing(str(guess)):
        raise UnknownEncoding
    text = data.decode(guess.encoding, errors="replace")
    return Decoded(text, guess.encoding, text.count("\ufffd"))


def _is_writing(text: str) -> bool:
    odd = sum(unicodedata.category(c) in ("Cc", "Co", "Cn") and c not in "\n\r\t" for c in text)
    return odd <= len(text) // 100
