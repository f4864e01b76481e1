"""Who may call a route: declared on every route, and enforced by the declaration itself."""

import hmac
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from fastapi import Depends, Request
from fastapi.params import Depends as DependsParam
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from accounts.role import Role
from api.guards import refuse_foreign_forms
from api.refusals import DutyFirst, FormStale, RoleMissing, SignInNeeded
from api.signed_in import Presence, presence_of

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORM_FIELD = "form_token"
FORM_HEADER = "X-Form-Token"
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


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
    DRAFTING = "drafting"  # 经办、管理员: open questions and the clauses that answer them
    CATALOGUE = "catalogue"  # 管理员: projects, mentors, policies, terms
    ADMINISTRATION = "administration"  # 管理员: accounts, targets, channels
    PRIVACY = "privacy"  # 隐私专员: transcripts, export, erasure
    RESTRICTED = "restricted"  # 隐私专员、审计: what lies under lock; auditors alone read it
    REPORTING = "reporting"  # 签发、管理员、审计: reports and exports of the ledger
    AUDITING = "auditing"  # 审计: reads everything that is counted and logged


EVERY_ROLE = frozenset(Role)
# The whole table: which roles a permission asks for. PUBLIC asks for none, OPERATOR is
# checked by the token of the operator.
ROLES: dict[Permission, frozenset[Role]] = {
    Permission.ACCOUNT: EVERY_ROLE,
    Permission.STAFF: EVERY_ROLE - {Role.MENTOR},
    Permission.MENTORING: frozenset({Role.MENTOR}),
    Permission.HANDLING: frozenset({Role.HANDLER}),
    Permission.REVIEWING: frozenset({Role.REVIEWER}),
    Permission.SIGNING: frozenset({Role.SIGNER}),
    Permission.DRAFTING: frozenset({Role.HANDLER, Role.ADMINISTRATOR}),
    Permission.CATALOGUE: frozenset({Role.ADMINISTRATOR}),
    Permission.ADMINISTRATION: frozenset({Role.ADMINISTRATOR}),
    Permission.PRIVACY: frozenset({Role.PRIVACY_OFFICER}),
    Permission.RESTRICTED: frozenset({Role.PRIVACY_OFFICER, Role.AUDITOR}),
    Permission.REPORTING: frozenset({Role.SIGNER, Role.ADMINISTRATOR, Role.AUDITOR}),
    Permission.AUDITING: frozenset({Role.AUDITOR}),
}
OPEN_TO_ALL = frozenset({Permission.PUBLIC, Permission.OPERATOR})


class PermissionMissing(TypeError):
    """A route does not say who may call it."""


def roles_for(permission: Permission, method: str) -> frozenset[Role]:
    """Return the roles of which one is needed to call a route with a method.

    Auditors read what the staff reads and change nothing there.
    """
    roles = ROLES[permission]
    if permission is Permission.STAFF and method not in SAFE_METHODS:
        return roles - {Role.AUDITOR}
    return roles


def may(roles: frozenset[Role], permission: Permission, method: str = "GET") -> bool:
    """Return whether an account with these roles may call such a route."""
    return permission in OPEN_TO_ALL or bool(roles & roles_for(permission, method))


def allow(permission: Permission, *checks: Any) -> list[DependsParam]:
    """Declare who may call a route, for its `dependencies=`; the declaration enforces it.

    Except for PUBLIC and OPERATOR a route asks for a signed-in account with one of the
    permission's roles and, when it changes something, for a form of our own page that
    carries the session's form token. `checks` are further dependencies.
    """

    async def declaration(request: Request) -> None:
        if permission not in OPEN_TO_ALL:
            await _enforce(request, permission)

    declaration.permission = permission  # type: ignore[attr-defined]
    return [Depends(declaration), *(Depends(check) for check in checks)]


async def _enforce(request: Request, permission: Permission) -> None:
    presence = await run_in_threadpool(presence_of, request)
    if presence is None:
        raise SignInNeeded
    if not may(presence.account.roles, permission, request.method):
        raise RoleMissing
    if presence.duty and permission is not Permission.ACCOUNT:
        raise DutyFirst(presence.duty)
    if request.method not in SAFE_METHODS:
        await refuse_foreign_forms(request)
        await _check_form_token(request, presence)


async def _check_form_token(request: Request, presence: Presence) -> None:
    given: Any = request.headers.get(FORM_HEADER)
    if given is None and request.headers.get("content-type", "").startswith(FORM_TYPES):
        given = (await request.form()).get(FORM_FIELD)
    if not isinstance(given, str) or not hmac.compare_digest(
        given.encode(), presence.form_token.encode()
    ):
        raise FormStale


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
