"""How a file that is sent is called where it is saved: by its Chinese name."""

from urllib.parse import quote

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def attached_as(name: str) -> dict[str, str]:
    """Return the header that has a browser save what is sent under a name (RFC 6266)."""
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
