"""Signing in: throttled without a lock, sessions that end, codes that are good once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from accounts import login as login_module
from accounts.account import Account, get_account
from accounts.administration import disable_account, edit_account
from accounts.login import Credentials, LoginRefused, log_in, sweep_logins
from accounts.login_attempt import ATTEMPTS, LoginAttempt, TooManyLogins, begin_attempt
from accounts.one_time_code import (
    CodeRefused,
    enrol,
    log_in_with_code,
    new_secret,
    remove_code,
)
from accounts.password import hash_password, needs_new_hash
from accounts.role import Role
from accounts.set_password import (
    LinkInvalid,
    PasswordWrong,
    change_own_password,
    issue_link,
    set_password_by_link,
)
from accounts.web_session import (
    STAFF_IDLE,
    STAFF_LIMIT,
    Stage,
    WebSession,
    end_session,
    find_session,
    form_token,
    open_session,
    sessions_of,
)
from audit.log import SYSTEM, AuditEvent, AuditPayload
from storage.database import Database
from tests.fixtures.people import add_person

NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)
PASSWORD = "walnut teapot 41 river"
HASH = hash_password(PASSWORD)


@pytest.fixture
def person(database: Database) -> Account:
    account = add_person(database, Role.HANDLER, login="lihua")
    with database.writing() as db:
        get_account(db, account.id).password_hash = HASH
    return account


def typed(password: str = PASSWORD, **more: str) -> Credentials:
    return Credentials(
        **({"login": "lihua", "password": password, "address": "10.0.0.1", "device": "测试"} | more)
    )


def actions(database: Database) -> list[str]:
    with database.reading() as db:
        return list(db.scalars(select(AuditEvent.action).order_by(AuditEvent.seq)))


def running(database: Database, token: str, at: datetime = NOW, stage: Stage = Stage.OPEN) -> bool:
    with database.reading() as db:
        return find_session(db, token, stage, at) is not None


def test_right_password_opens_a_session(database: Database, person: Account) -> None:
    account, session, token = log_in(database, typed(), NOW)
    assert account.id == person.id
    assert len(token) >= 43  # 256 bits in base64
    assert session.stage is Stage.OPEN
    assert running(database, token)
    assert actions(database) == ["login.succeeded"]
    with database.reading() as db:
        kept = db.scalars(select(WebSession.token_hash)).one()
        assert token not in kept
        assert get_account(db, person.id).last_login_at == NOW


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize(
    "wrong", [{"password": "wrong"}, {"login": "nobody"}, {"password": ""}, {"login": "\x00"}]
)
def test_wrong_password_and_unknown_login_look_the_same(
    database: Database, wrong: dict[str, str]
) -> None:
    with pytest.raises(LoginRefused) as refusal:
        log_in(database, typed(**wrong), NOW)
    assert str(refusal.value) == str(LoginRefused())
    assert actions(database) == ["login.failed"]
    with database.reading() as db:
        payloads = list(db.scalars(select(AuditPayload.payload)))
    assert not [text for text in payloads if "nobody" in text or "wrong" in text]


def test_unknown_login_is_hashed_too(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []

    def verify(stored: str | None, _password: str) -> bool:
        asked.append(stored)
        return False

    monkeypatch.setattr(login_module, "verify_password", verify)
    with pytest.raises(LoginRefused):
        log_in(sqlite_database, typed(), NOW)
    assert asked == [None]


def test_account_switched_off_cannot_sign_in(database: Database, person: Account) -> None:
    with database.writing() as db:
        get_account(db, person.id).active = False
    with pytest.raises(LoginRefused):
        log_in(database, typed(), NOW)


def test_guessing_is_slowed_and_ends_by_itself(database: Database, person: Account) -> None:
    for guess in range(ATTEMPTS):
        with pytest.raises(LoginRefused):
            log_in(database, typed(f"guess {guess}", address=f"10.0.1.{guess}"), NOW)
    with pytest.raises(TooManyLogins) as refusal:
        log_in(database, typed(address="10.9.9.9"), NOW + timedelta(minutes=1))
    assert refusal.value.retry_after_s == 240
    account, _, _ = log_in(database, typed(), NOW + timedelta(minutes=5, seconds=1))
    assert account.id == person.id


@pytest.mark.usefixtures("person")
def test_guesses_from_elsewhere_do_not_keep_the_owner_out(database: Database) -> None:
    for guess in range(ATTEMPTS):
        with pytest.raises(LoginRefused):
            log_in(database, typed(f"guess {guess}", address="10.6.6.6"), NOW)
    log_in(database, typed(known_device="own-browser"), NOW)


@pytest.mark.usefixtures("person")
def test_one_address_cannot_try_many_accounts(database: Database) -> None:
    for guess in range(ATTEMPTS):
        with pytest.raises(LoginRefused):
            log_in(database, typed(login=f"user{guess}"), NOW)
    with pytest.raises(TooManyLogins):
        log_in(database, typed(login="another"), NOW)


@pytest.mark.usefixtures("person")
def test_own_success_buys_no_more_guesses_at_others(database: Database) -> None:
    for guess in range(ATTEMPTS - 1):
        with pytest.raises(LoginRefused):
            log_in(database, typed(login=f"user{guess}"), NOW)
    log_in(database, typed(), NOW + timedelta(seconds=1))
    with pytest.raises(LoginRefused):
        log_in(database, typed(login="another"), NOW + timedelta(seconds=2))
    with pytest.raises(TooManyLogins):
        log_in(database, typed(login="more"), NOW + timedelta(seconds=3))


def test_attempts_at_the_same_moment_are_all_counted(database: Database) -> None:
    def is_taken(_number: int) -> bool:
        try:
            with database.writing() as db:
                begin_attempt(db, ("login lihua",), NOW)
        except TooManyLogins:
            return False
        return True

    with ThreadPoolExecutor(ATTEMPTS + 5) as pool:
        taken = list(pool.map(is_taken, range(ATTEMPTS + 5)))
    assert taken.count(True) == ATTEMPTS


def test_old_hash_is_renewed_at_login(database: Database, person: Account) -> None:
    with database.writing() as db:
        get_account(db, person.id).password_hash = PasswordHasher(1, 8192, 1).hash(PASSWORD)
    log_in(database, typed(), NOW)
    with database.reading() as db:
        assert not needs_new_hash(get_account(db, person.id).password_hash or "")
    log_in(database, typed(), NOW)


def test_session_ends_when_idle_and_at_its_limit(database: Database, person: Account) -> None:
    _, session, token = log_in(database, typed(), NOW)
    assert running(database, token, NOW + STAFF_IDLE - timedelta(seconds=1))
    assert not running(database, token, NOW + STAFF_IDLE)
    at = NOW
    while at < NOW + STAFF_LIMIT:
        with database.writing() as db:
            current = db.get_one(WebSession, session.id)
            current.see(get_account(db, person.id), at)
        assert running(database, token, at)
        at += timedelta(minutes=20)
    assert not running(database, token, NOW + STAFF_LIMIT)


def test_mentor_stays_signed_in_on_the_phone(sqlite_database: Database) -> None:
    mentor = add_person(sqlite_database, Role.MENTOR)
    both = add_person(sqlite_database, Role.MENTOR, Role.HANDLER, login="both", mentor_code="D002")
    with sqlite_database.writing() as db:
        _, token = open_session(db, mentor, Stage.OPEN, "手机", NOW)
        _, short = open_session(db, both, Stage.OPEN, "手机", NOW)
    assert running(sqlite_database, token, NOW + timedelta(days=7))
    assert not running(sqlite_database, short, NOW + timedelta(hours=1))


Ends = Callable[[Database, Account], None]


def _disable(database: Database, account: Account) -> None:
    with database.writing() as db:
        disable_account(db, get_account(db, account.id), SYSTEM, "调离")


def _change_roles(database: Database, account: Account) -> None:
    with database.writing() as db:
        changed = get_account(db, account.id)
        wanted = type(changed.details)(changed.name, frozenset({Role.SIGNER}))
        edit_account(db, changed, wanted, SYSTEM)


def _change_password(database: Database, account: Account) -> None:
    change_own_password(database, account.id, PASSWORD, "copper lantern 7 meadow", NOW)


def _issue_link(database: Database, account: Account) -> None:
    with database.writing() as db:
        issue_link(db, get_account(db, account.id), SYSTEM, NOW)


@pytest.mark.parametrize("end", [_disable, _change_roles, _change_password, _issue_link])
def test_what_changes_rights_ends_every_session(
    database: Database, person: Account, end: Ends
) -> None:
    tokens = [log_in(database, typed(), NOW)[2] for _ in range(2)]
    end(database, person)
    assert not any(running(database, token) for token in tokens)


def test_another_account_cannot_end_a_session(database: Database, person: Account) -> None:
    other = add_person(database, Role.SIGNER)
    _, session, token = log_in(database, typed(), NOW)
    with database.writing() as db:
        assert not end_session(db, other.id, session.id)
        assert len(sessions_of(db, person.id, NOW)) == 1
    assert running(database, token)


def test_form_token_tells_nothing_of_the_session_token() -> None:
    assert form_token("a") != form_token("b")
    assert "a" * 43 not in form_token("a" * 43)


def test_password_by_link_is_set_once(database: Database, person: Account) -> None:
    with database.writing() as db:
        link = issue_link(db, get_account(db, person.id), SYSTEM, NOW)
    with pytest.raises(LoginRefused):
        log_in(database, typed(), NOW)
    new = "copper lantern 7 meadow"
    with pytest.raises(LinkInvalid):
        set_password_by_link(database, link, new, NOW + timedelta(days=3))
    set_password_by_link(database, link, new, NOW)
    with pytest.raises(LinkInvalid):
        set_password_by_link(database, link, new, NOW)
    log_in(database, typed(new), NOW)


def test_present_password_is_asked_for_and_throttled(database: Database, person: Account) -> None:
    for _ in range(ATTEMPTS):
        with pytest.raises(PasswordWrong):
            change_own_password(database, person.id, "wrong", "copper lantern 7 meadow", NOW)
    with pytest.raises(TooManyLogins):
        change_own_password(database, person.id, PASSWORD, "copper lantern 7 meadow", NOW)


@pytest.fixture
def enrolled(database: Database, person: Account) -> tuple[pyotp.TOTP, list[str]]:
    secret = new_secret()
    totp = pyotp.TOTP(secret)
    with database.writing() as db:
        owner = get_account(db, person.id)
        with pytest.raises(CodeRefused):
            enrol(db, owner, secret, "000000x", NOW)
        recovery = enrol(db, owner, secret, totp.at(NOW), NOW)
    return totp, recovery


def test_code_is_asked_for_after_the_password(
    database: Database, enrolled: tuple[pyotp.TOTP, list[str]]
) -> None:
    totp, _ = enrolled
    later = NOW + timedelta(seconds=60)
    _, session, waiting = log_in(database, typed(), later)
    assert session.stage is Stage.CODE
    assert not running(database, waiting, later)
    _, token = log_in_with_code(database, waiting, totp.at(later), later)
    assert token != waiting
    assert running(database, token, later)
    assert not running(database, waiting, later, Stage.CODE)
    with pytest.raises(LoginRefused):
        log_in_with_code(database, waiting, totp.at(later), later)


def test_code_is_good_once(database: Database, enrolled: tuple[pyotp.TOTP, list[str]]) -> None:
    totp, _ = enrolled
    _, _, waiting = log_in(database, typed(), NOW)
    with pytest.raises(CodeRefused):  # it was used to enrol
        log_in_with_code(database, waiting, totp.at(NOW), NOW)
    later = NOW + timedelta(seconds=30)
    log_in_with_code(database, waiting, totp.at(later), later)
    _, _, again = log_in(database, typed(), later)
    for used in (totp.at(later), totp.at(NOW)):
        with pytest.raises(CodeRefused):
            log_in_with_code(database, again, used, later)


@pytest.mark.parametrize("code", ["", "123", "abcdef", "１２３４５６", "9" * 40, "\x00"])
def test_other_texts_are_no_codes(
    database: Database, enrolled: tuple[pyotp.TOTP, list[str]], code: str
) -> None:
    assert enrolled
    _, _, waiting = log_in(database, typed(), NOW)
    with pytest.raises(CodeRefused):
        log_in_with_code(database, waiting, code, NOW)


def test_code_far_from_now_is_refused(
    database: Database, enrolled: tuple[pyotp.TOTP, list[str]]
) -> None:
    totp, _ = enrolled
    later = NOW + timedelta(minutes=10)
    _, _, waiting = log_in(database, typed(), later)
    for seconds in (-90, 90):
        with pytest.raises(CodeRefused):
            log_in_with_code(database, waiting, totp.at(later + timedelta(seconds=seconds)), later)


def test_codes_are_throttled(database: Database, enrolled: tuple[pyotp.TOTP, list[str]]) -> None:
    totp, _ = enrolled
    later = NOW + timedelta(minutes=1)
    _, _, waiting = log_in(database, typed(), later)
    for guess in range(ATTEMPTS):
        with pytest.raises(CodeRefused):
            log_in_with_code(database, waiting, f"x{guess}", later)
    with pytest.raises(TooManyLogins):
        log_in_with_code(database, waiting, totp.at(later), later)


def test_recovery_code_is_good_once(
    database: Database, enrolled: tuple[pyotp.TOTP, list[str]]
) -> None:
    _, recovery = enrolled
    _, _, waiting = log_in(database, typed(), NOW)
    log_in_with_code(database, waiting, recovery[3].upper(), NOW)
    _, _, again = log_in(database, typed(), NOW)
    with pytest.raises(CodeRefused):
        log_in_with_code(database, again, recovery[3], NOW)


def test_code_can_be_turned_off(
    database: Database, person: Account, enrolled: tuple[pyotp.TOTP, list[str]]
) -> None:
    assert enrolled
    with database.writing() as db:
        remove_code(db, get_account(db, person.id), SYSTEM, "手机丢失")
    assert log_in(database, typed(), NOW)[1].stage is Stage.OPEN
    assert actions(database)[:2] == ["code.enrolled", "code.removed"]


def test_sweep_leaves_only_what_runs(database: Database, person: Account) -> None:
    with pytest.raises(LoginRefused):
        log_in(database, typed("wrong"), NOW)
    _, _, old = log_in(database, typed(), NOW)
    later = NOW + STAFF_IDLE
    _, _, fresh = log_in(database, typed(), later)
    with database.writing() as db:
        sweep_logins(db, later)
        assert db.scalar(select(func.count()).select_from(WebSession)) == 1
        assert db.scalar(select(func.count()).select_from(LoginAttempt)) == 0
    assert running(database, fresh, later)
    assert not running(database, old, later)
    assert person.active
