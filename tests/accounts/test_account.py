from datetime import UTC, datetime

import pytest

from accounts.account import (
    AccountDetails,
    AccountInvalid,
    LoginTaken,
    accounts_with,
    add_account,
    find_account,
    get_account,
    list_accounts,
)
from accounts.administration import disable_account, edit_account, enable_account
from accounts.login import actor_of
from accounts.role import Role, RolesConflict
from audit.log import SYSTEM, events_of
from storage.database import Database
from tests.fixtures.people import add_person

NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)


def details(*roles: Role, **more: str) -> AccountDetails:
    return AccountDetails("张伟", frozenset(roles or {Role.HANDLER}), **more)


def test_account_comes_back_as_it_was_added(database: Database) -> None:
    with database.writing() as db:
        added = add_account(
            db, "ZhangWei", details(Role.REVIEWER, Role.HANDLER, org_unit=" 河东街道 "), NOW
        )
    with database.reading() as db:
        found = find_account(db, " ｚｈａｎｇｗｅｉ ")
        assert found is not None
        assert found.id == added.id
        assert found.roles == {Role.HANDLER, Role.REVIEWER}
        assert found.org_unit == "河东街道"
        assert found.password_hash is None
        assert find_account(db, "nobody") is None


@pytest.mark.parametrize("login", ["", "a", "with space", "x" * 65, "a\nb", "半角,逗号", "\x00ab"])
def test_unusable_login_is_refused(sqlite_database: Database, login: str) -> None:
    with sqlite_database.writing() as db, pytest.raises(AccountInvalid, match="登录名"):
        add_account(db, login, details(), NOW)


def test_login_and_mentor_belong_to_one_account(database: Database) -> None:
    with database.writing() as db:
        add_account(db, "one", details(Role.MENTOR, mentor_code="D001"), NOW)
        with pytest.raises(LoginTaken, match="登录名"):
            add_account(db, "ONE", details(), NOW)
        with pytest.raises(LoginTaken, match="D001"):
            add_account(db, "two", details(Role.MENTOR, mentor_code="D001"), NOW)
        assert [account.login for account in list_accounts(db)] == ["one"]


def test_mentor_and_code_go_together(sqlite_database: Database) -> None:
    with sqlite_database.writing() as db:
        for wrong in (details(Role.MENTOR), details(Role.HANDLER, mentor_code="D001")):
            with pytest.raises(AccountInvalid, match="导师"):
                add_account(db, "one", wrong, NOW)


def test_search_narrows_by_every_word(database: Database) -> None:
    for login, unit in (("lihua", "河东街道"), ("wangwu", "河西街道"), ("a_b", "")):
        add_person(database, Role.HANDLER, login=login, org_unit=unit)
    with database.reading() as db:
        assert [a.login for a in list_accounts(db, "街道 LI")] == ["lihua"]
        assert [a.login for a in list_accounts(db, "_")] == ["a_b"]
        assert [a.login for a in list_accounts(db, "%")] == []
        assert len(list_accounts(db)) == 3


def test_changes_of_rights_are_logged_with_what_they_were(database: Database) -> None:
    account = add_person(database, Role.HANDLER)
    with database.writing() as db:
        changed = get_account(db, account.id)
        edit_account(db, changed, details(Role.REVIEWER, org_unit="河东街道"), SYSTEM)
        edit_account(db, changed, changed.details, SYSTEM)
        events = [(event.action, payload) for event, payload in events_of(db, account.subject)]
    assert len(events) == 1
    assert events[0][1]["details"]["roles"] == [["handler"], ["reviewer"]]
    assert events[0][1]["details"]["org_unit"] == ["", "河东街道"]


def test_nobody_changes_their_own_rights(sqlite_database: Database) -> None:
    one, _two = (add_person(sqlite_database, Role.ADMINISTRATOR, login=n) for n in ("one", "two"))
    with sqlite_database.writing() as db:
        own = get_account(db, one.id)
        actor = actor_of(own)
        for wanted in (
            details(Role.HANDLER),
            details(Role.ADMINISTRATOR, Role.PRIVACY_OFFICER),
            details(Role.ADMINISTRATOR, org_unit="河东街道"),
        ):
            with pytest.raises(RolesConflict, match="自己"):
                edit_account(db, own, wanted, actor)
        edit_account(db, own, AccountDetails("新名字", own.roles), actor)
        assert own.name == "新名字"


def test_last_administrator_stays(sqlite_database: Database) -> None:
    one, two = (add_person(sqlite_database, Role.ADMINISTRATOR, login=n) for n in ("one", "two"))
    with sqlite_database.writing() as db:
        disable_account(db, get_account(db, two.id), SYSTEM, "调离")
        assert accounts_with(db, Role.ADMINISTRATOR) == [get_account(db, one.id)]
        with pytest.raises(RolesConflict, match="最后"):
            disable_account(db, get_account(db, one.id), SYSTEM, "调离")
        with pytest.raises(RolesConflict, match="最后"):
            edit_account(db, get_account(db, one.id), details(Role.HANDLER), SYSTEM)
        enable_account(db, get_account(db, two.id), SYSTEM, "调回")
        edit_account(db, get_account(db, one.id), details(Role.HANDLER), SYSTEM)
