"""Roles: what an account may do, and which of them one account may not hold together."""

from collections.abc import Iterable
from enum import StrEnum
from itertools import combinations
from typing import Any

from sqlalchemy import Dialect, String
from sqlalchemy.types import TypeDecorator


class Role(StrEnum):
    """The closed list of roles; the order is the one in which they are shown."""

    MENTOR = "mentor"
    HANDLER = "handler"
    REVIEWER = "reviewer"
    SIGNER = "signer"
    ADMINISTRATOR = "administrator"
    PRIVACY_OFFICER = "privacy_officer"
    AUDITOR = "auditor"


ROLE_NAMES = {
    Role.MENTOR: "导师",
    Role.HANDLER: "经办",
    Role.REVIEWER: "复核",
    Role.SIGNER: "签发",
    Role.ADMINISTRATOR: "管理员",
    Role.PRIVACY_OFFICER: "隐私专员",
    Role.AUDITOR: "审计",
}
# Whoever decides what counts or what stands in a report, gives out rights or reads the log.
ROLES_WITH_CODE = frozenset({Role.REVIEWER, Role.SIGNER, Role.ADMINISTRATOR, Role.AUDITOR})


def _exclusions() -> frozenset[frozenset[Role]]:
    # The auditor only reads: any other role would have them audit their own work. Who
    # gives out rights may not use them to decide what counts.
    auditor = [(Role.AUDITOR, role) for role in Role if role is not Role.AUDITOR]
    administrator = [(Role.ADMINISTRATOR, role) for role in (Role.REVIEWER, Role.SIGNER)]
    return frozenset(frozenset(pair) for pair in auditor + administrator)


EXCLUSIONS = _exclusions()


class RolesConflict(ValueError):
    """Roles that one account may not hold together; the message names them."""


def check_roles(roles: Iterable[Role]) -> frozenset[Role]:
    """Return the roles as a set. Raises RolesConflict for none at all or an excluded pair."""
    chosen = frozenset(roles)
    if not chosen:
        raise RolesConflict("请至少选择一个角色。")
    for pair in combinations([role for role in Role if role in chosen], 2):
        if frozenset(pair) in EXCLUSIONS:
            first, second = (ROLE_NAMES[role] for role in pair)
            raise RolesConflict(
                f"“{first}”和“{second}”不能由同一个账号担任，请分给两个人，各用各的账号。"
            )
    return chosen


def role_names(roles: Iterable[Role]) -> str:
    """Return the Chinese names in their order, as for a page: 经办、复核."""
    chosen = frozenset(roles)
    return "、".join(name for role, name in ROLE_NAMES.items() if role in chosen)


class RoleSet(TypeDecorator[frozenset[Role]]):
    """A set of roles, stored as their values with commas between."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: frozenset[Role] | None, _dialect: Dialect) -> str | None:
        """Store in the order of the enumeration, so that equal sets are equal texts."""
        if value is None:
            return None
        return ",".join(role.value for role in Role if role in value)

    def process_result_value(self, value: Any | None, _dialect: Dialect) -> frozenset[Role] | None:
        """Read back."""
        if value is None:
            return None
        return frozenset(Role(name) for name in value.split(",") if name)
