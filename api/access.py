"""Who may call a route: declared on every route, checked when the application is built."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from fastapi import Depends
from fastapi.params import Depends as DependsParam
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute


class Permission(StrEnum):
    """The closed list of audiences of a route."""

    PUBLIC = "public"  # anyone, without an account
    OPERATOR = "operator"  # this machine, or the holder of the metrics token
    ACCOUNT = "account"  # whoever is signed in: their own account
    STAFF = "staff"  # any role but the mentor's: the work desk
    MENTORING = "mentoring"  # mentors: their own mentees and nothing else
    HANDLING = "handling"  # 经办: records, submits, assigns
    REVIEWING = "reviewing"  # 复核: decides what counts
    SIGNING = "signing"  # 签发: closes periods, signs reports
    CATALOGUE = "catalogue"  # 管理员: projects, mentors, policies, terms
    ADMINISTRATION = "administration"  # 管理员: accounts, targets, channels
    PRIVACY = "privacy"  # 隐私专员: transcripts, export, erasure
    AUDITING = "auditing"  # 审计: reads everything that is counted and logged


class PermissionMissing(TypeError):
    """A route does not say who may call it."""


def allow(permission: Permission, *checks: Any) -> list[DependsParam]:
    """Declare who may call a route, for its `dependencies=`, with the checks that enforce it."""

    async def declaration() -> None:
        """Hold the declaration; the checks do the work."""

    declaration.permission = permission  # type: ignore[attr-defined]
    return [Depends(declaration), *(Depends(check) for check in checks)]


def permission_of(route: APIRoute) -> Permission:
    """Return what a route declares, or raise PermissionMissing."""
    for dependency in route.dependencies:
        declared = getattr(dependency.dependency, "permission", None)
        if isinstance(declared, Permission):
            return declared
    raise PermissionMissing(f"{route.path} declares no permission")


def declared_permissions(routes: Sequence[BaseRoute]) -> dict[str, Permission]:
    """Return "METHOD path" -> permission of every route, or raise PermissionMissing.

    Plain Starlette routes and mounts cannot declare anything and are refused.
    """
    found: dict[str, Permission] = {}
    for context in iter_route_contexts(routes):
        route = context.original_route
        if not isinstance(route, APIRoute):
            raise PermissionMissing(f"{route!r} is no declared route")
        for method in sorted(context.methods or ()):
            found[f"{method} {context.path}"] = permission_of(route)
    return found
