import pytest

from accounts.role import EXCLUSIONS, Role, RolesConflict, check_roles, role_names


def test_auditor_holds_no_other_role() -> None:
    for role in set(Role) - {Role.AUDITOR}:
        with pytest.raises(RolesConflict, match="审计"):
            check_roles([Role.AUDITOR, role])


@pytest.mark.parametrize(
    "pair",
    sorted(sorted(pair) for pair in EXCLUSIONS),
    ids="+".join,
)
def test_excluded_pair_is_excluded_in_any_company(pair: list[Role]) -> None:
    with pytest.raises(RolesConflict):
        check_roles([*pair, Role.HANDLER])


def test_who_gives_rights_decides_nothing_that_counts() -> None:
    for role in (Role.REVIEWER, Role.SIGNER, Role.AUDITOR):
        with pytest.raises(RolesConflict, match="管理员"):
            check_roles({Role.ADMINISTRATOR, role})
    assert check_roles([Role.ADMINISTRATOR, Role.PRIVACY_OFFICER])


def test_no_role_is_no_account() -> None:
    with pytest.raises(RolesConflict, match="至少"):
        check_roles([])


def test_names_stand_in_their_order() -> None:
    assert role_names([Role.REVIEWER, Role.HANDLER]) == "经办、复核"
