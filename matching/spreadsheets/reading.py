"""A spreadsheet file read once by a limited child; its rows can then be gone through again."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from typing import IO, Self

from knowledge.sandbox import child_environment
from matching.spreadsheets.rows import MOST_ROWS, Row, SpreadsheetUnreadable

MOST_BYTES = 10 * 2**20  # of an upload
MOST_BYTES_HERE = 100 * 2**20  # of a file on this machine
WALL_SECONDS = 240
_HARMFUL = "文件结构异常或过大，无法安全读取。请用 Excel 或 WPS 打开，另存为新的 xlsx 后再上传。"


class ParsedSheet:
    """The rows of a file, on disk until closed: a large file never lies in memory as a whole."""

    def __init__(self, data: bytes, most_bytes: int = MOST_BYTES) -> None:
        if len(data) > most_bytes:
            raise SpreadsheetUnreadable(
                f"文件超过 {most_bytes // 2**20} MB，请拆成几个文件分别导入。"
            )
        if not data.strip():
            raise SpreadsheetUnreadable("文件是空的。")
        self.digest = sha256(data).hexdigest()
        self._lines: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed with us)
        try:
            self.rows = self._read(data)
        except BaseException:
            self._lines.close()
            raise

    def _read(self, data: bytes) -> int:
        """Let a child read the file; return the number of rows, headings included."""
        try:
            child = subprocess.run(
                [sys.executable, "-X", "utf8", "-m", "matching.spreadsheets.rows"],
                input=data,
                stdout=self._lines,
                stderr=subprocess.DEVNULL,
                timeout=WALL_SECONDS,
                env=child_environment(),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise SpreadsheetUnreadable(_HARMFUL) from error
        last = self._last_line()
        if child.returncode != 0 or not last:
            raise SpreadsheetUnreadable(_HARMFUL)
        told = json.loads(last)
        if "error" in told:
            raise SpreadsheetUnreadable(told["error"])
        if told["rows"] > MOST_ROWS + 1:
            raise SpreadsheetUnreadable(f"一次最多导入 {MOST_ROWS} 行，请拆成几个文件分别导入。")
        return int(told["rows"])

    def _last_line(self) -> bytes:
        size = self._lines.seek(0, 2)
        self._lines.seek(max(0, size - 4096))
        lines = self._lines.read().splitlines()
        return lines[-1] if lines else b""

    def __iter__(self) -> Iterator[Row]:
        self._lines.seek(0)
        for _ in range(self.rows):
            number, cells, strange = json.loads(self._lines.readline())
            yield number, cells, strange

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._lines.close()
