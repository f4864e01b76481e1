import pytest
from fastapi import APIRouter, FastAPI

from api.access import Permission, PermissionMissing, allow, declared_permissions


def test_every_route_declares_who_may_call_it(app: FastAPI) -> None:
    permissions = declared_permissions(app.routes)
    assert permissions["POST /api/v1/chat/messages"] is Permission.PUBLIC
    assert permissions["GET /metrics"] is Permission.OPERATOR
    assert len(permissions) > 15


def test_undeclared_route_is_found() -> None:
    router = APIRouter()

    @router.get("/declared", dependencies=allow(Permission.PUBLIC))
    def declared() -> None: ...

    @router.get("/forgotten")
    def forgotten() -> None: ...

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(router)
    with pytest.raises(PermissionMissing, match="/forgotten"):
        declared_permissions(app.routes)


def test_framework_route_is_refused() -> None:
    with pytest.raises(PermissionMissing):
        declared_permissions(FastAPI().routes)
