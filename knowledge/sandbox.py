"""Parsing of foreign files in a process of its own, with hard limits on memory and time.

A file can be a bomb for any parser; here it ends only the child.
"""

import importlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

from knowledge.parsed import Parsed, UnreadableDocument

MEMORY_BYTES = 512 * 2**20
CPU_SECONDS = 15
WALL_SECONDS = 30
MAX_CHARACTERS = 5_000_000
PARSERS = {
    "docx": "knowledge.docx_text",
    "xlsx": "knowledge.xlsx_text",
    "pdf": "knowledge.pdf_text",
    "html": "knowledge.html_text",
}

_ROOT = Path(__file__).resolve().parents[1]
_HARMFUL = "文件结构异常或过于复杂，无法安全读取。请用Word、WPS或浏览器打开后另存为新文件，再上传。"


def parse_apart(form: str, data: bytes) -> Parsed:
    """Parse docx, pdf or html (UTF-8) in a limited child process.

    Raises UnreadableDocument, also when the child dies or exceeds its limits.
    """
    try:
        child = subprocess.run(
            [sys.executable, "-X", "utf8", "-m", "knowledge.sandbox", form],
            input=data,
            capture_output=True,
            timeout=WALL_SECONDS,
            env=child_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UnreadableDocument(_HARMFUL) from error
    if child.returncode != 0:
        raise UnreadableDocument(_HARMFUL)
    reply = json.loads(child.stdout)
    if "error" in reply:
        raise UnreadableDocument(reply["error"])
    return Parsed(reply["text"], tuple(reply["dropped"]), tuple(reply["warnings"]))


def child_environment() -> dict[str, str]:
    """Return all that a child gets of our environment: no settings, no secrets."""
    # A number library would reserve address space for each processor's thread.
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(_ROOT),
        "OPENBLAS_NUM_THREADS": "1",
    }


def limit(
    memory_bytes: int = MEMORY_BYTES, cpu_seconds: int = CPU_SECONDS, written_bytes: int = 0
) -> None:
    """Limit this process for good: address space, processor time, size of a written file."""
    limits = (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, written_bytes),
        (resource.RLIMIT_CORE, 0),
    )
    for kind, amount in limits:
        resource.setrlimit(kind, (amount, amount))


def main() -> int:
    """Parse standard input as the child; the reply goes to standard output as JSON."""
    limit()
    try:
        parsed: Parsed = importlib.import_module(PARSERS[sys.argv[1]]).read(sys.stdin.buffer.read())
        if len(parsed.text) > MAX_CHARACTERS:
            raise UnreadableDocument("文件的文字超过500万字，请拆分后分别上传。")
        reply = {"text": parsed.text, "dropped": parsed.dropped, "warnings": parsed.warnings}
    except UnreadableDocument as error:
        reply = {"error": str(error)}
    except (MemoryError, RecursionError):
        return 1
    sys.stdout.write(json.dumps(reply))
    return 0


if __name__ == "__main__":
    sys.exit(main())
