"""Signed checkpoints of the audit log, in a file outside the database.

A chain alone does not show that its end is missing, or that all of it was written anew.
A checkpoint says how far the log had come and what it amounted to; the folder is best
on another disk or machine.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from audit.log import canonical
from audit.merkle import MerkleTree

KEY_NAME = "audit.key"
FILE_NAME = "checkpoints.jsonl"
TAIL_BYTES = 64 * 1024


class WitnessDamaged(RuntimeError):
    """The file of checkpoints, or the key, cannot be used; the message says which."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far the log had come: number and hash of the last event, and the tree over all."""

    seq: int
    head: str
    root: str
    peaks: tuple[str, ...]  # of the tree, so that the next checkpoint goes on from here
    at: str  # ISO, UTC
    key: str  # public key, hexadecimal
    signature: str = ""

    @property
    def signed_text(self) -> bytes:
        """What the signature covers."""
        record = {name: getattr(self, name) for name in ("seq", "head", "root", "at", "key")}
        return canonical({**record, "peaks": list(self.peaks)}).encode()

    def tree(self) -> MerkleTree:
        """Return the tree as it was."""
        return MerkleTree(self.seq, [bytes.fromhex(peak) for peak in self.peaks])

    def is_signed_by(self, public_key: str) -> bool:
        """Whether the signature is of this key and over these values."""
        if self.key != public_key:
            return False
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
            key.verify(bytes.fromhex(self.signature), self.signed_text)
        except (InvalidSignature, ValueError):
            return False
        return True


class Witness:
    """The folder of checkpoints with the key that signs them."""

    def __init__(self, folder: Path, key: Ed25519PrivateKey) -> None:
        self._path = folder / FILE_NAME
        self._key = key
        self.public_key = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    @property
    def path(self) -> Path:
        """The file of checkpoints, one JSON object a line."""
        return self._path

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Keep the other processes of this machine from writing a checkpoint."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._path.parent / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def sign(self, tree: MerkleTree, head: str, at: datetime) -> Checkpoint:
        """Return the signed checkpoint of a tree."""
        unsigned = Checkpoint(
            seq=tree.size,
            head=head,
            root=tree.root(),
            peaks=tuple(peak.hex() for peak in tree.peaks),
            at=at.astimezone(UTC).isoformat(timespec="seconds"),
            key=self.public_key,
        )
        signature = self._key.sign(unsigned.signed_text).hex()
        return _with_signature(unsigned, signature)

    def append(self, *checkpoints: Checkpoint) -> None:
        """Add checkpoints to the file; they are on disk when this returns.

        A line that a crash cut short is ended first, so that only that line is lost.
        """
        names = Checkpoint.__slots__
        records = ({name: getattr(one, name) for name in names} for one in checkpoints)
        line = "".join(canonical(record) + "\n" for record in records)
        new = not self._path.exists()
        with self._path.open("a+b") as file:
            if not new and file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    line = "\n" + line
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
        if new:
            self._path.chmod(0o600)

    def last(self) -> Checkpoint | None:
        """Return the newest complete checkpoint, if there is one."""
        if not self._path.exists():
            return None
        with self._path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            lines = file.read().splitlines()
        for line in reversed(lines):
            if (found := _parsed(line)) is not None:
                return found
        return None

    def all(self) -> Iterator[tuple[int, Checkpoint | None]]:
        """Yield line numbers with their checkpoints; None for a line that is none."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, _parsed(line)


def open_witness(data_dir: Path, folder: Path | None = None) -> Witness:
    """Open the witness of an installation; make the key at first use, readable by us alone.

    Raises WitnessDamaged when the key file is no key or lost beside checkpoints.
    """
    path = data_dir / KEY_NAME
    if not path.exists():
        kept = folder or data_dir / "witness"
        if (kept / FILE_NAME).exists():  # a new key would disown all that was signed
            raise WitnessDamaged(
                f"签名密钥 {path.name} 不见了，已有的检查点要用它核对。"
                f"请从备份把它放回 {data_dir}；"
                f"确实找不回，请把 {kept} 改名保留，再重新启动，从现在起另行签名。"
            )
        _make_key(path)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise WitnessDamaged(f"签名密钥 {path.name} 已损坏，请从备份恢复。") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise WitnessDamaged(f"签名密钥 {path.name} 类型不对，请从备份恢复。")
    return Witness(folder or data_dir / "witness", key)


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    # A link is made or refused as a whole: of two processes that start at once one key wins.
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _with_signature(unsigned: Checkpoint, signature: str) -> Checkpoint:
    values = {name: getattr(unsigned, name) for name in Checkpoint.__slots__}
    return Checkpoint(**{**values, "signature": signature})


def _parsed(line: bytes) -> Checkpoint | None:
    try:
        record: dict[str, Any] = json.loads(line)
        checkpoint = Checkpoint(**{**record, "peaks": tuple(record["peaks"])})
        size_fits = bin(checkpoint.seq).count("1") == len(checkpoint.peaks)
        return checkpoint if size_fits and checkpoint.tree().root() else None
    except (ValueError, TypeError, KeyError):
        return None
