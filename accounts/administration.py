"""What an administrator does with accounts, each with its event and the end of sessions."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.account import (
    Account,
    AccountDetails,
    LoginTaken,
    change_account,
    refuse_last_administrator,
)
from accounts.role import Role, RolesConflict
from accounts.web_session import end_sessions
from audit.log import Actor, ActorKind, append_event


def note_added(db: Session, account: Account, actor: Actor) -> None:
    """Log a new account."""
    append_event(db, "account.added", account.subject, actor, _logged(account.details))


def edit_account(db: Session, account: Account, details: AccountDetails, actor: Actor) -> None:
    """Change name, roles or scope. Raises AccountInvalid, LoginTaken, RolesConflict."""
    before = account.details
    _refuse_own_roles(account, details, actor)
    losing = Role.ADMINISTRATOR in before.roles and Role.ADMINISTRATOR not in details.roles
    if losing and account.active:
        refuse_last_administrator(db, account)
    change_account(db, account, details)
    note_changed(db, account, before, actor)


def note_changed(db: Session, account: Account, before: AccountDetails, actor: Actor) -> None:
    """Log what changed, and end the sessions when rights did; nothing for no change."""
    after = account.details
    if after == before:
        return
    old, new = _logged(before), _logged(after)
    changed = {name: [old[name], new[name]] for name in new if old[name] != new[name]}
    if set(changed) - {"name"}:
        end_sessions(db, account.id)
    append_event(db, "account.changed", account.subject, actor, changed)


def link_external(db: Session, account: Account, external_id: str, actor: Actor) -> None:
    """Say whom the single sign-on provider will name; a new name ends an old link.

    Raises LoginTaken.
    """
    wanted = external_id.strip() or None
    if wanted == account.external_id:
        return
    others = select(Account.id).where(Account.external_id == wanted, Account.id != account.id)
    if wanted is not None and db.scalar(others) is not None:
        raise LoginTaken("这个统一身份编号已经属于另一个账号，请核对。")
    account.external_id = wanted
    account.oidc_subject = None
    end_sessions(db, account.id)
    append_event(db, "account.linked", account.subject, actor, {"external_id": wanted or "无"})


def disable_account(db: Session, account: Account, actor: Actor, reason: str) -> None:
    """Switch an account off; whoever is signed in with it is out. Raises RolesConflict."""
    if not account.active:
        return
    refuse_last_administrator(db, account)
    account.active = False
    account.link_hash = account.link_expires_at = None
    end_sessions(db, account.id)
    append_event(db, "account.disabled", account.subject, actor, reason=reason)


def enable_account(db: Session, account: Account, actor: Actor, reason: str) -> None:
    """Switch an account on again, with the password it had."""
    if account.active:
        return
    account.active = True
    append_event(db, "account.enabled", account.subject, actor, reason=reason)


def _refuse_own_roles(account: Account, details: AccountDetails, actor: Actor) -> None:
    own = actor.kind is ActorKind.ACCOUNT and actor.id == str(account.id)
    rights = (details.roles, details.org_unit.strip(), details.mentor_code or None)
    if own and rights != (account.roles, account.org_unit, account.mentor_code):
        raise RolesConflict("自己的角色和范围不能自己改，请另一位管理员修改。")


def _logged(details: AccountDetails) -> dict[str, Any]:
    return {
        "name": details.name,
        "roles": [role.value for role in Role if role in details.roles],
        "org_unit": details.org_unit,
        "mentor_code": details.mentor_code or "",
    }
