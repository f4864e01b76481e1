"""Who decides: an account with everything it is known as."""

from dataclasses import dataclass

from accounts.role import Role, role_names
from audit.log import Actor, ActorKind


class DutiesNotSeparate(PermissionError):
    """One person may not do both; the message says who has to do it instead."""


class NotYourDuty(PermissionError):
    """The account's roles do not allow this."""


@dataclass(frozen=True, slots=True)
class Staff:
    """A signed-in account as the ledger sees it.

    `also` holds its other references: its person as a client ("visitor:…"), further
    accounts of the same human being.
    """

    account_id: int
    roles: frozenset[Role]
    org_unit: str = ""  # "" is the whole district
    mentor_code: str | None = None
    also: frozenset[str] = frozenset()

    @property
    def reference(self) -> str:
        """How rows name the account."""
        return f"account:{self.account_id}"

    @property
    def actor(self) -> Actor:
        """How the audit log names the account."""
        return Actor(ActorKind.ACCOUNT, str(self.account_id), ",".join(sorted(self.roles)))

    def is_one_of(self, *references: str) -> bool:
        """Whether one of the references is this person, under any of their names."""
        mine = {self.reference, *self.also}
        if self.mentor_code:
            mine.add(f"mentor:{self.mentor_code}")
        return any(reference and reference in mine for reference in references)

    def require(self, *roles: Role) -> None:
        """Raise NotYourDuty unless the account has one of the roles."""
        if not self.roles & set(roles):
            raise NotYourDuty(f"这一步须由“{role_names(roles)}”办理，请联系管理员。")
