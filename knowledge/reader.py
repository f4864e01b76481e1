"""Bytes of a file -> clean text, or one clear error in Chinese."""

from dataclasses import dataclass
from pathlib import PurePath

from knowledge.furniture import drop_furniture
from knowledge.parsed import UnreadableDocument
from knowledge.plain_text import UnknownEncoding, clean, decode, plain_markdown
from knowledge.sandbox import parse_apart

__all__ = ["SourceText", "UnreadableDocument", "read_document"]

MAX_UPLOAD_BYTES = 10 * 2**20
MAX_CHARACTERS = 5_000_000

_FORMS = {
    ".txt": "txt", ".text": "txt", ".md": "md", ".markdown": "md",
    ".html": "html", ".htm": "html", ".docx": "docx", ".xlsx": "xlsx",
    ".pdf": "pdf",
}  # fmt: skip
_PACKED = ("docx", "xlsx", "pdf")
_ACCEPTED = "可以上传：txt、md、html、docx、xlsx、pdf。"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OTHER_KINDS = (
    (b"\xff\xd8\xff", "图片"), (b"\x89PNG", "图片"), (b"GIF8", "图片"),
    (b"II*\x00", "图片"), (b"MM\x00*", "图片"), (b"Rar!", "压缩包"), (b"7z\xbc\xaf", "压缩包"),
    (b"\x1f\x8b", "压缩包"), (b"BZh", "压缩包"), (b"\xfd7zXZ", "压缩包"), (b"MZ\x90", "程序"),
    (b"\x7fELF", "程序"), (b"SQLite format 3", "数据库"), (b"\x1aE\xdf\xa3", "视频"),
    (b"OggS", "音频"), (b"ID3", "音频"), (b"RIFF", "音视频"), (b"%!PS", "打印文件"),
)  # fmt: skip
# What an office file of the old kind is called, and in which form to save it anew.
_OLDER = {
    ".wps": ("WPS文字", "docx"), ".xls": ("Excel表格", "xlsx"), ".et": ("WPS表格", "xlsx"),
    ".ppt": ("演示", "pdf"), ".dps": ("WPS演示", "pdf"),
}  # fmt: skip
_MOVIE_AT = slice(4, 8)


@dataclass(frozen=True, slots=True)
class SourceText:
    """A file's text after page furniture was dropped.

    `form` is txt, md, html, docx, xlsx or pdf; `encoding` is None for the last three.
    `dropped` and `warnings` are for the person who loads the file.
    """

    text: str
    form: str
    encoding: str | None = None
    dropped: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_document(name: str, data: bytes) -> SourceText:
    """Read a file of at most 10 MiB; html, docx, xlsx and pdf are parsed in a limited process.

    Raises UnreadableDocument with a message that says what to do.
    """
    form = _form(name, data)
    encoding: str | None = None
    warnings: list[str] = []
    if form in _PACKED:
        parsed = parse_apart(form, data)
        text, dropped, warnings = parsed.text, list(parsed.dropped), list(parsed.warnings)
    else:
        text, encoding, lost = _decoded(data)
        dropped = []
        if lost:
            warnings.append(f"有{lost}个字无法识别，请核对原文。")
        if form == "html":
            parsed = parse_apart(form, text.encode("utf-8"))
            text, dropped = parsed.text, list(parsed.dropped)
    text = clean(text)
    if not (form == "md" and text.startswith("---\n")):
        text, furniture = drop_furniture(clean(plain_markdown(text)) if form == "md" else text)
        dropped += furniture
    _check(text)
    return SourceText(text, form, encoding, tuple(dropped), tuple(warnings))


def _form(name: str, data: bytes) -> str:
    """Decide what a file is, from its first bytes rather than its name."""
    suffix = PurePath(name).suffix.lower()
    if not data:
        raise UnreadableDocument("文件是空的，请检查后重新上传。")
    if len(data) > MAX_UPLOAD_BYTES:
        raise UnreadableDocument("文件超过10MB，请拆分或去掉图片后再上传。")
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(_ZIP) and suffix in (".docx", ".docm"):
        return "docx"
    if data.startswith(_ZIP) and suffix in (".xlsx", ".xlsm"):
        return "xlsx"
    _refuse_foreign(suffix, data)
    form = _FORMS.get(suffix)
    if form is None:
        raise UnreadableDocument(f"不支持“{suffix or name}”文件。{_ACCEPTED}")
    if form in _PACKED:
        raise UnreadableDocument(
            f"文件名是{suffix}，内容却不是，文件可能已损坏，请重新导出后上传。"
        )
    return form


def _refuse_foreign(suffix: str, data: bytes) -> None:
    """Name the kind of file that is not text, and what to do with it."""
    if data.startswith(_OLD_OFFICE):
        if suffix in (".docx", ".xlsx", ".pptx"):
            raise UnreadableDocument("文件加了密码，请去掉密码后再上传。")
        called, newer = _OLDER.get(suffix, ("Word", "docx"))
        raise UnreadableDocument(
            f"这是旧版{called}文件（{suffix or '.doc'}），请用Office或WPS打开，"
            f"另存为{newer}后再上传。"
        )
    if data.startswith(b"{\\rtf"):
        raise UnreadableDocument("这是RTF文件，请用Word或WPS打开，另存为docx后再上传。")
    if data.startswith(_ZIP):
        raise UnreadableDocument(f"这是压缩包或其他办公文件，不能直接读取。{_ACCEPTED}")
    kind = next((kind for mark, kind in _OTHER_KINDS if data.startswith(mark)), None)
    if kind is None and data[_MOVIE_AT] == b"ftyp":
        kind = "视频"
    if kind is not None:
        raise UnreadableDocument(f"这是{kind}文件，不是文字文件。{_ACCEPTED}")


def _decoded(data: bytes) -> tuple[str, str, int]:
    try:
        decoded = decode(data)
    except UnknownEncoding as error:
        raise UnreadableDocument("无法识别文字编码，请另存为UTF-8编码的文本后再上传。") from error
    controls = sum(
        decoded.text.count(chr(code)) for code in range(32) if code not in (9, 10, 12, 13)
    )
    if controls > max(8, len(decoded.text) // 50) or decoded.lost > max(8, len(decoded.text) // 50):
        raise UnreadableDocument(f"文件内容不是文字，可能选错了文件。{_ACCEPTED}")
    return decoded.text, decoded.encoding, decoded.lost


def _check(text: str) -> None:
    if not text.strip():
        raise UnreadableDocument("文件里没有文字，请检查是否选错了文件。")
    if len(text) > MAX_CHARACTERS:
        raise UnreadableDocument("文件的文字超过500万字，请拆分后分别上传。")
