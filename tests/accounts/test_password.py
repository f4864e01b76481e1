import threading

import pytest
from argon2 import PasswordHasher, extract_parameters

from accounts import password
from accounts.password import (
    HASHED_AT_ONCE,
    MAX_LENGTH,
    PasswordRefused,
    PasswordsBusy,
    check_new_password,
    hash_password,
    needs_new_hash,
    verify_password,
)
from tests.fixtures.hashing import PRODUCT

GOOD = "walnut teapot 41 river"


def test_hash_is_argon2id_above_the_minimum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "_hasher", PRODUCT)
    found = extract_parameters(hash_password(GOOD))
    assert found.type.name == "ID"
    assert found.time_cost >= 1
    assert found.memory_cost >= 46 * 1024
    assert found.salt_len >= 16


def test_right_password_is_known_and_wrong_ones_are_not() -> None:
    stored = hash_password(GOOD)
    assert verify_password(stored, GOOD)
    for wrong in (GOOD.upper(), GOOD + " ", "", GOOD[:-1], "\x00"):
        assert not verify_password(stored, wrong)
    assert not verify_password(None, GOOD)
    assert not verify_password(None, "a password that nobody has")
    assert not verify_password("no hash at all", GOOD)


def test_full_width_letters_are_the_same_password() -> None:
    stored = hash_password(check_new_password("Ｗａｌｎｕｔ　teapot 41"))
    assert verify_password(stored, "Walnut teapot 41")


@pytest.mark.parametrize(
    "weak",
    [
        "",
        "short",
        "elevenchars",
        "123456789012",
        "qwertyuiop12",
        "aaaaaaaaaaaaaaaa",
        "password1234",
        "abcdefghijklmn",
        "11111111111111111111",
        "qazwsxedcrfv",
        "Zhangwei teapot river",
        "teapot ZHANGWEI river",
        "青石板路张伟慢慢走到河边去",
        "x" * (MAX_LENGTH + 1),
    ],
)
def test_guessable_password_is_refused(weak: str) -> None:
    with pytest.raises(PasswordRefused, match="密码"):
        check_new_password(weak, "zhangwei", "张伟")


@pytest.mark.parametrize(
    "strong", [GOOD, "correcthorsebatterystaple", "青石板上的小雨伞慢慢走过河边", "k3#vT9!pQz2&Lw"]
)
def test_long_phrase_is_taken_without_rules_about_its_characters(strong: str) -> None:
    assert check_new_password(strong, "zhangwei", "张伟") == strong


def test_hash_of_other_parameters_is_made_anew() -> None:
    assert needs_new_hash(PasswordHasher(1, 8192, 1).hash(GOOD))
    assert not needs_new_hash(hash_password(GOOD))


def test_no_more_than_two_are_hashed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """While two are at work a third waits, and is told so after the time to wait."""
    begun, go_on = threading.Semaphore(0), threading.Event()

    class Slow:
        def hash(self, _password: str) -> str:
            begun.release()
            go_on.wait()
            return "hash"

    monkeypatch.setattr(password, "_hasher", Slow())
    monkeypatch.setattr(password, "WAIT_S", 0.01)
    threads = [threading.Thread(target=hash_password, args=(GOOD,)) for _ in range(HASHED_AT_ONCE)]
    for thread in threads:
        thread.start()
    for _ in threads:
        begun.acquire()
    with pytest.raises(PasswordsBusy):
        hash_password(GOOD)
    go_on.set()
    for thread in threads:
        thread.join()
    assert HASHED_AT_ONCE == 2
    assert hash_password(GOOD) == "hash"
