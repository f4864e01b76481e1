"""Which part of a web page is its content, and which is what the site puts around it."""

import re
from collections import defaultdict

from lxml import html

from knowledge.furniture import RELATED

MAIN_SHARE = 0.4  # a marked content block holding less of the page's text is not the content
BEST_SHARE = 0.7  # an unmarked one has to hold more

_DROPPED_TAGS = frozenset((
    "script", "style", "noscript", "iframe", "object", "embed", "template", "svg", "canvas", "nav",
    "header", "footer", "aside", "form", "button", "select", "input", "textarea", "audio", "video",
    "head", "link", "meta",
))  # fmt: skip
_SILENT_TAGS = frozenset(("script", "style", "noscript", "template", "head", "link", "meta", "svg"))
_NAMED_TAGS = frozenset(("div", "ul", "span", "section", "p", "table", "td", "dl"))
_FURNITURE = re.compile(
    r"\b(?:nav|navbar|menu|crumbs?|curpos|position|location|footer|foot|copyright|share|bshare"
    r"|toolbar|tools?|print|sidebar|side|related|recommend|pager|pagination|search|login|banner"
    r"|advert|ads?|qrcode|comment|hot-?list)\b|breadcrumb|share[-_]|[-_]share",
    re.IGNORECASE,
)
_CONTENT = re.compile(
    r"\b(?:TRS_Editor|UCAP-CONTENT|article[-_]?(?:content|body|con)|pages_content|zoom"
    r"|main[-_]?content|content[-_]?(?:body|text|main)|detail[-_]?content"
    r"|news[-_]?(?:content|text)|text[-_]?content)\b",
    re.IGNORECASE,
)


_HIDDEN = re.compile(r"display:none|visibility:hidden|font-size:[01](?![.0-9])|opacity:0(?![.0-9])")
_LINK_LISTS = frozenset(("ul", "ol", "dl", "td", "div", "p"))
_FILE_LINK = re.compile(r"\.(?:docx?|pdf|xlsx?|wps|et|ofd|zip|rar|txt)\b", re.IGNORECASE)
_BOXES = frozenset(("div", "section", "aside", "ul", "dl", "td", "table"))
LONGEST_ENTRY = 12  # characters of an entry of a menu
# What a site states of a document in a box beside its text.
_STATED = (
    r"发文字号|发?文号|文件编号|发文机关|发布机构|发文单位|制定机关|发布机关|公布机构"
    r"|(?:成文|发文|印发|公布|发布)(?:日期|时间)"
)
_BESIDE = re.compile(
    rf"(?P<name>{_STATED})[ :\uff1a]+(?P<value>(?!(?:{_STATED}|索引号))[^\s:\uff1a]+)"
)
LONGEST_BOX = 600  # characters


def flat(element: html.HtmlElement) -> str:
    """Return all text of an element in one line."""
    return " ".join("".join(str(text) for text in element.itertext()).split())


def drop_furniture(root: html.HtmlElement) -> list[str]:
    """Remove navigation, breadcrumbs, buttons and footers; returns the text they showed."""
    dropped = []
    paragraphs = sum(1 for _ in root.iter("p"))
    for element in list(root.iter()):
        if not isinstance(element.tag, str) or element.getparent() is None:
            continue
        if element.tag not in _SILENT_TAGS and not (
            _is_furniture(element, paragraphs) or _is_related(element)
        ):
            continue
        if element.tag not in _SILENT_TAGS and (shown := flat(element)):
            dropped.append(shown[:200])
        element.drop_tree()
    return dropped


def main_content(body: html.HtmlElement) -> html.HtmlElement:
    """Return the marked content block, else the one whose paragraphs hold most text."""
    whole = len(flat(body)) or 1
    for element in body.iter("article", "main", "div", "td", "section"):
        marked = element.tag in ("article", "main") or _CONTENT.search(_marks(element))
        if marked and len(flat(element)) >= MAIN_SHARE * whole:
            return element
    weights: dict[html.HtmlElement, int] = defaultdict(int)
    for paragraph in body.iter("p"):
        parent = paragraph.getparent()
        if parent is not None:
            weights[parent] += len(flat(paragraph))
    best = max(weights, key=lambda element: weights[element], default=body)
    return best if weights[best] >= BEST_SHARE * whole else body


def stated_beside(body: html.HtmlElement, content: html.HtmlElement) -> list[str]:
    """Return what the page states of the document outside its text, as 发文字号：… lines."""
    found: dict[str, str] = {}
    if content is body:
        return []
    around = {*content.iter(), *content.iterancestors()}
    for element in body.iter("table", "dl", "ul", "div", "p"):
        if element in around:
            continue
        for match in _BESIDE.finditer(_beginning(element, LONGEST_BOX)):
            found.setdefault(match["name"], match["value"])
    return [f"{name}\uff1a{value}" for name, value in found.items()]


def _beginning(element: html.HtmlElement, characters: int) -> str:
    """Return the text of an element, its pieces apart; "" where it has more than a box has."""
    pieces: list[str] = []
    for piece in element.itertext():
        pieces += str(piece).split()
        characters -= len(piece)
        if characters < 0:
            return ""
    return " ".join(pieces)


def _is_link_list(element: html.HtmlElement) -> bool:
    """Whether an element holds nothing but the entries of a menu; files to load are content."""
    links = list(element.iter("a"))
    if element.tag not in _LINK_LISTS or len(links) < 2:
        return False
    texts = [flat(link) for link in links]
    if any(len(text) > LONGEST_ENTRY for text in texts):
        return False
    if any(_FILE_LINK.search(link.get("href", "") + flat(link)) for link in links):
        return False
    shown = re.sub(r"[\s|·>/]", "", flat(element))
    return bool(shown) and len("".join("".join(texts).split())) >= 0.9 * len(shown)


def _is_related(element: html.HtmlElement) -> bool:
    """Whether an element holds nothing but links to other pages below a word that says so."""
    if element.tag not in _BOXES:
        return False
    shown = flat(element)
    word = RELATED.match(shown)
    links = "".join(flat(link) for link in element.iter("a"))
    rest = len("".join(shown[word.end() :].split())) if word else 0
    return rest > 0 and len("".join(links.split())) >= 0.8 * rest


def _marks(element: html.HtmlElement) -> str:
    return f"{element.get('class', '')} {element.get('id', '')}"


def _is_furniture(element: html.HtmlElement, paragraphs: int) -> bool:
    hidden = _HIDDEN.search(element.get("style", "").replace(" ", "").lower()) is not None
    marks = _marks(element)
    by_name = element.tag in _NAMED_TAGS and _FURNITURE.search(marks) is not None
    if element.tag not in _DROPPED_TAGS and not hidden and not by_name:
        return _is_link_list(element)
    if by_name and _CONTENT.search(marks):
        return False
    if element.find(".//h1") is not None:
        return False
    # A careless template may call the whole page "position": what holds the text stays.
    own = sum(1 for _ in element.iter("p"))
    return not (paragraphs >= 3 and own > paragraphs / 2)
