"""Runs of a Word file that a reader of the page cannot see."""

from lxml import etree

from knowledge.word_numbering import W

TINY = 4  # half points: nobody reads it


def is_unseen(run: etree._Element) -> bool:
    """Whether a run is hidden, tiny, or white on white.

    Such text is no part of the document; whoever wrote it meant a machine to read it.
    """
    look = run.find(f"{W}rPr")
    if look is None:
        return False
    if (hidden := look.find(f"{W}vanish")) is not None:
        return hidden.get(f"{W}val") not in ("0", "false")
    size = _value(look.find(f"{W}sz"))
    if size.isascii() and size.isdigit() and int(size) <= TINY:
        return True
    if _value(look.find(f"{W}color")).upper() != "FFFFFF" or look.find(f"{W}shd") is not None:
        return False
    # White on a coloured cell or paragraph is an ordinary heading.
    return not any(
        above.tag == f"{W}tc" or above.find(f"{W}pPr/{W}shd") is not None
        for above in run.iterancestors(f"{W}tc", f"{W}p")
    )


def _value(node: etree._Element | None) -> str:
    return "" if node is None else node.get(f"{W}val", "")
