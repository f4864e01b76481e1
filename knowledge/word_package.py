"""The zip package of a Word file, unpacked with limits that count what really comes out."""

import io
import re
import stat
import zipfile
import zlib

from lxml import etree

from knowledge.parsed import UnreadableDocument

MAX_UNPACKED_BYTES = 50 * 2**20
MAX_ENTRIES = 2_000
MAX_RATIO = 100
RATIO_FROM_BYTES = 2**20  # small parts compress well without being bombs
DAMAGED = "Word文件已损坏，无法打开。请用Word或WPS打开后另存为docx，再上传。"
_PACKED = "Word文件的压缩内容异常（可能是压缩炸弹），为安全起见没有读取。请另存为新文件后上传。"
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)|<\0!\0[DE]\0|\0<\0!\0[DE]")
_BROKEN = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
    EOFError,
    zlib.error,
)


def unpack(data: bytes) -> dict[str, bytes]:
    """Return the XML parts of a package by name; of other parts the name alone.

    Raises UnreadableDocument.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _BROKEN as error:
        raise UnreadableDocument(DAMAGED) from error
    entries = archive.infolist()
    _check_entries(entries)
    parts: dict[str, bytes] = {}
    total = 0
    for entry in entries:
        try:
            content, size = _unpack_entry(archive, entry, MAX_UNPACKED_BYTES - total)
        except UnreadableDocument:
            raise
        except _BROKEN as error:
            raise UnreadableDocument(DAMAGED) from error
        total += size
        parts[entry.filename] = content
    return parts


def _unpack_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> tuple[bytes, int]:
    wanted = entry.filename.endswith((".xml", ".rels"))
    pieces: list[bytes] = []
    size = 0
    with archive.open(entry) as stream:
        while piece := stream.read(2**16):
            size += len(piece)
            ratio = size / max(entry.compress_size, 1)
            if size > left or (size > RATIO_FROM_BYTES and ratio > MAX_RATIO):
                raise UnreadableDocument(_PACKED)
            if wanted:
                pieces.append(piece)
    return b"".join(pieces), size


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename for entry in entries]
    if len(entries) > MAX_ENTRIES or len(set(names)) != len(names):
        raise UnreadableDocument(_PACKED)
    if any(entry.flag_bits & 1 for entry in entries) or "EncryptedPackage" in names:
        raise UnreadableDocument("文件加了密码，请去掉密码后再上传。")
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        outside = entry.filename.startswith(("/", "\\")) or ".." in re.split(
            r"[/\\]", entry.filename
        )
        if outside or stat.S_ISLNK(entry.external_attr >> 16) or entry.header_offset < end:
            raise UnreadableDocument(_PACKED)
        end = entry.header_offset + entry.compress_size  # entries that overlap are a bomb's sign


def parse_part(data: bytes) -> etree._Element:
    """Parse an XML part; one that declares entities is refused. Raises UnreadableDocument."""
    if _DECLARATION.search(data):
        raise UnreadableDocument(
            "Word文件里有不允许的XML声明，为安全起见没有读取。请另存为新文件后上传。"
        )
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableDocument(DAMAGED) from error
