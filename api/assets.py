"""Style sheet, script and icon: served by us, under addresses that change with their content."""

import hashlib
import mimetypes
from dataclasses import dataclass
from importlib import resources

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from api.access import Permission, allow

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.PUBLIC))

FOREVER = "public, max-age=31536000, immutable"
OURS = ("base.css", "chat.js", "docs.js", "icon.svg", "ledger.js")
# Swagger UI for /docs, as a Python package carries it.
SWAGGER = ("swagger-ui-bundle.js", "swagger-ui.css")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file with its type and the address it is served at."""

    content: bytes
    media_type: str
    url: str


def _load() -> dict[str, Asset]:
    found = {}
    for package, folder, names in (("api", "static", OURS), ("fastapi_offline", "static", SWAGGER)):
        for name in names:
            content = (resources.files(package) / folder / name).read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:12]
            media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
            found[name] = Asset(content, media_type, f"/static/{digest}/{name}")
    return found


ASSETS = _load()


def asset_url(name: str) -> str:
    """Return the address of a file, with its digest in it."""
    return ASSETS[name].url


@router.get("/static/{digest}/{name}")
def read_asset(digest: str, name: str) -> Response:
    """Return a file; a page of an older release gets today's file, not kept."""
    asset = ASSETS.get(name)
    if asset is None:
        raise HTTPException(404)
    current = asset.url == f"/static/{digest}/{name}"
    caching = FOREVER if current else "no-cache"
    return Response(asset.content, media_type=asset.media_type, headers={"Cache-Control": caching})
