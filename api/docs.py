"""/docs: the API's description in Swagger UI, served by us alone."""

from fastapi import APIRouter, Request, Response

from api.access import Permission, allow
from api.chat.pages import render

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.PUBLIC))


@router.get("/docs")
def show_docs(request: Request) -> Response:
    """Show the API's description to a developer."""
    return render(request, "docs.html")


@router.get("/openapi.json")
def read_openapi(request: Request) -> dict[str, object]:
    """Return the API's description."""
    description: dict[str, object] = request.app.openapi()
    return description
