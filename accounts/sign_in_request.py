"""A sign-in that was sent to the single sign-on provider: taken up once, then gone."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from accounts.web_session import token_hash
from storage.database import Base

LIMIT = timedelta(minutes=10)
STATE_BYTES = 32
VERIFIER_BYTES = 48  # 64 characters; RFC 7636 wants 43 to 128


class SignInRequest(Base):
    """What has to fit when the browser comes back from the provider."""

    __tablename__ = "sign_in_requests"

    id: Mapped[int] = mapped_column(primary_key=True)
    state_hash: Mapped[str] = mapped_column(String(64), unique=True)
    nonce: Mapped[str]
    code_verifier: Mapped[str]
    next_path: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes along to the provider, and the state that comes back."""

    state: str
    nonce: str
    code_verifier: str


def open_request(db: Session, next_path: str, at: datetime) -> Sent:
    """Note a sign-in that is about to be sent."""
    sent = Sent(
        secrets.token_urlsafe(STATE_BYTES),
        secrets.token_urlsafe(STATE_BYTES),
        secrets.token_urlsafe(VERIFIER_BYTES),
    )
    db.add(
        SignInRequest(
            state_hash=token_hash(sent.state),
            nonce=sent.nonce,
            code_verifier=sent.code_verifier,
            next_path=next_path,
            expires_at=at + LIMIT,
        )
    )
    return sent


@dataclass(frozen=True, slots=True)
class Returned:
    """A request that was taken up."""

    nonce: str
    code_verifier: str
    next_path: str


def take_request(db: Session, state: str, at: datetime) -> Returned | None:
    """Take up the request of a state: of two browsers that bring it, only one gets it."""
    row = db.execute(
        delete(SignInRequest)
        .where(SignInRequest.state_hash == token_hash(state), SignInRequest.expires_at > at)
        .returning(
            SignInRequest.nonce,
            SignInRequest.code_verifier,
            SignInRequest.next_path,
        )
    ).first()
    return Returned(*row) if row else None


def sweep_requests(db: Session, at: datetime) -> None:
    """Remove the requests that nobody came back for."""
    db.execute(delete(SignInRequest).where(SignInRequest.expires_at <= at))
