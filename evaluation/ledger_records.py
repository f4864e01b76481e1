"""A district's ledger made up at any size: sessions, turns and the log, the same for one seed.

What is made holds to every rule of the ledger: each state was reached by steps of the
table that stand in the log, one session holds a person's day, sealed ones carry their
true seal, past quarters are locked with their members. The texts are short and few, and
a session's events follow one another.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from accounts.role import Role
from audit.log import SYSTEM, Actor, ActorKind, canonical
from audit.merkle import merkle_root
from evaluation.ledger_parts import (
    COLUMNS,
    FIRST_DAY,
    FLAGS,
    HANDLED,
    HUMAN_SHARE,
    LAST_DAY,
    LEVELS,
    OPEN_QUARTERS,
    REASONS,
    TAKEN,
    UNITS,
    WAYS,
    Batch,
    Log,
    Members,
    Scale,
    canonical_text,
    drawn,
    fates,
    said_of,
    skewed,
    state_after,
)
from guidance.lifecycle import COUNTED, HOLDS_DAY, ServiceLine
from guidance.people.level import IdentityLevel
from guidance.periods.members import LEAF
from guidance.periods.period import Quarter
from guidance.periods.record import PeriodState
from guidance.review.sampling import seed_digest
from guidance.seal import SEALED_OF_SESSION

TEXTS = 40
BATCH_SESSIONS = 5_000
TURN_EVERY_S = 40
VERSIONS = canonical({"corpus": "made", "encoder": "made"})
_SESSION = COLUMNS["guidance_sessions"].split()


def made(scale: Scale) -> Iterator[Batch]:
    """Yield the ledger in batches of some thousand sessions, rows in the order of their keys."""
    district = _District(scale)
    batch = Batch()
    district.commit(batch, FIRST_DAY)
    for number in range(1, scale.sessions + 1):
        district.add_session(batch, number)
        if number % BATCH_SESSIONS == 0:
            yield batch
            batch = Batch()
    district.lock(batch)
    yield batch


def _stored(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(" ", "microseconds")


class _District:
    """What has been made so far, as far as what follows depends on it."""

    def __init__(self, scale: Scale) -> None:
        self._random = Random(scale.seed)
        self._scale = scale
        self._log = Log(self._random)
        self._people = max(20, scale.sessions // 3)
        self._texts = [canonical_text(number) for number in range(1, TEXTS + 1)]
        self._quoted = [tuple(map(canonical, text[:2])) for text in self._texts]
        self._quarter = str(Quarter.of(FIRST_DAY))
        self._members = Members()
        self._fates = fates(self._quarter)
        self._day = FIRST_DAY
        self._held: set[str] = set()  # who holds the day
        self._span_s = ((LAST_DAY - FIRST_DAY).days + 1) * 86_400

    def add_session(self, batch: Batch, number: int) -> None:
        """Make one session with its turns and events; sessions come in the order of time."""
        draw = self._random
        # Shanghai's day from eight to eight; a session of an hour stays within it.
        whole = self._span_s * (number - 1) // self._scale.sessions
        local = whole // 86_400 * 86_400 + 28_800 + whole % 86_400 // 2
        day = FIRST_DAY + timedelta(days=local // 86_400)
        opened = datetime(FIRST_DAY.year, 1, 1, tzinfo=UTC) + timedelta(seconds=local - 28_800)
        self._enter(batch, day)
        channel, line, _ = draw.choices(WAYS, [way[2] for way in WAYS])[0]
        person = f"visitor:{skewed(draw, self._people):08x}"
        path = draw.choices(*self._fates)[0]
        taken = state_after(path) in HOLDS_DAY and person in self._held
        if taken:
            path = TAKEN
        elif state_after(path) in HOLDS_DAY:
            self._held.add(person)
        human = line is not ServiceLine.ASSISTANT
        turns = 0 if human else self._turns()
        row: dict[str, Any] = {
            "id": number, "person": person, "channel": channel, "service_line": line,
            "opened_at": opened,
            "last_turn_at": opened + timedelta(seconds=max(turns - 1, 0) * TURN_EVERY_S),
            "turn_count": turns, "provider": f"mentor:M{skewed(draw, 500):04d}" if human else "",
            "minutes": 30 if human else 0, "place": "", "topic": "创业补贴", "summary": "",
            "recorder": f"account:{20 + number % 10}" if human else "", "period": self._quarter,
            "count_on": day.isoformat(), "counts_for": person,
            "identity_level": drawn(draw, LEVELS) if not human else IdentityLevel.STAFF,
            "org_unit": UNITS[skewed(draw, len(UNITS))],
            "flags": drawn(draw, FLAGS), "rule_version": "default", "state": state_after(path),
            "appealed": int("review.appealed" in path), "codes": "Q8" if taken else "",
        }  # fmt: skip
        row["closed_at"] = row["last_turn_at"] + timedelta(minutes=30)
        self._seal(row, self._add_turns(batch, row))
        self._finish(batch, row, path)

    def lock(self, batch: Batch) -> None:
        """Lock the quarter that is over."""
        quarter, members = self._quarter, self._members
        if quarter in OPEN_QUARTERS:
            return
        root, sessions = members.tree.root(), dict(members.sessions)
        persons = {unit: len(found) for unit, found in members.persons.items()}
        at = _stored(datetime.combine(Quarter.parse(quarter).last_day, datetime.min.time(), UTC))
        common = ("1", "default", root, self._log.seq)
        seed = self._seed(quarter)
        committed = _stored(datetime.combine(Quarter.parse(quarter).first_day, time(), UTC))
        batch.rows["periods"].append(
            (quarter, PeriodState.LOCKED, seed_digest(seed), seed, committed, "account:8", at, "",
             "account:8", "account:9", at, root, self._log.seq)
        )  # fmt: skip
        for name, values in (("M3c", sessions), ("B3", persons)):
            batch.rows["period_values"] += [
                (quarter, name, unit, value, *common) for unit, value in values.items()
            ]
        said = {
            "root": root, "leaf": LEAF, "M3c": sessions, "B3": persons, "rules": "default",
            "definitions": "1", "as_of": self._log.seq,
        }  # fmt: skip
        signer = Actor(ActorKind.ACCOUNT, "9", Role.SIGNER)
        self._log.add(
            batch, self._us(Quarter.parse(quarter).last_day), signer, "period.locked",
            f"period:{quarter}", canonical({"details": said}),
        )  # fmt: skip

    def _enter(self, batch: Batch, day: date) -> None:
        """Begin a new day where one has come, and with it a new quarter."""
        if day == self._day:
            return
        self._day, self._held = day, set()
        quarter = str(Quarter.of(day))
        if quarter != self._quarter:
            self.lock(batch)
            self._quarter, self._members, self._fates = quarter, Members(), fates(quarter)
            self.commit(batch, day)

    def commit(self, batch: Batch, day: date) -> None:
        """Publish the digest of the seed of a quarter that will be locked, as it begins."""
        if self._quarter not in OPEN_QUARTERS:
            said = {"seed_digest": seed_digest(self._seed(self._quarter))}
            self._log.add(
                batch, self._us(day), Actor(ActorKind.ACCOUNT, "8", Role.HANDLER),
                "sample.committed", f"period:{self._quarter}", canonical({"details": said}),
            )  # fmt: skip

    def _seed(self, quarter: str) -> str:
        """Return the seed of a quarter's sample."""
        return f"{Random(f'{self._scale.seed}:{quarter}').getrandbits(256):064x}"

    def _turns(self) -> int:
        """Draw how many turns; the mean over all sessions is the one asked for."""
        more = self._scale.turns_per_session / (1 - HUMAN_SHARE) - 1
        drawn = 1 + int(self._random.expovariate(1 / more) + 0.5) if more > 0 else 1
        return min(drawn, 80)  # within the hour

    def _add_turns(self, batch: Batch, row: dict[str, Any]) -> list[str]:
        """Add the turns of a session; return them as the seal covers them, canonical JSON."""
        if not row["turn_count"]:
            return []
        number, channel, opened = row["id"], row["channel"], row["opened_at"]
        draw, turns, sealed = self._random, batch.rows["turns"], []
        conversation = f"made-{number:017d}"
        batch.rows["conversations"].append((conversation, row["person"], channel, _stored(opened)))
        for sequence in range(1, row["turn_count"] + 1):
            at = (opened + timedelta(seconds=(sequence - 1) * TURN_EVERY_S)).isoformat()
            stored = f"{at[:10]} {at[11:19]}.000000"
            place = int(draw.random() * TEXTS)
            message = f"{number:08x}-{sequence:04x}-{draw.getrandbits(64):016x}"
            question, answer, reply = self._texts[place]
            said, answered = self._quoted[place]
            turns.append(
                (number, conversation, sequence, channel, message, question, "", "answered", "fact",
                 answer, reply, VERSIONS, stored, stored, 300)
            )  # fmt: skip
            sealed.append(
                f'{{"answer_text":{answered},"answered_at":"{at}","asked_at":"{at}"'
                f',"channel":"{channel}","completed_question":"","intent":"fact"'
                f',"message_id":"{message}","question":{said},"reply":{reply}'
                f',"sequence":{sequence},"status":"answered","versions":{VERSIONS}}}'
            )
        return sealed

    def _seal(self, row: dict[str, Any], turns: list[str]) -> None:
        salt = self._random.randbytes(32).hex()
        record = canonical({name: row[name] for name in SEALED_OF_SESSION})
        row["seal_salt"] = salt
        row["seal"] = merkle_root((salt + one).encode() for one in (record, *turns))
        row["recorded_at"] = row["closed_at"]

    def _finish(self, batch: Batch, row: dict[str, Any], path: tuple[str, ...]) -> None:
        """Write the steps into the log, and the session with what they left behind."""
        subject, at_us = f"session:{row['id']}", int(row["closed_at"].timestamp() * 1_000_000)
        self._log.add(batch, at_us, SYSTEM, "session.opened", subject, "")
        for place, action in enumerate(path):
            actor = SYSTEM
            if action.startswith("review."):
                account = 1 + row["id"] % 9
                handled = action in HANDLED
                by, role = (account, Role.HANDLER) if handled else (10 + account, Role.REVIEWER)
                actor = Actor(ActorKind.ACCOUNT, str(by), role)
                row["submitter" if handled else "approver"] = f"account:{by}"
            self._log.add(batch, at_us, actor, action, subject, said_of(path, place))
        if row["state"] in COUNTED:
            self._members.add(row)
            row["state"] = "approved" if self._quarter in OPEN_QUARTERS else "locked"
        if path == TAKEN and not row["codes"]:
            row["codes"] = drawn(self._random, REASONS)
        row["wording"] = row["seal"] if row["turn_count"] else ""
        row["submitted_at"] = row["closed_at"] if "submitter" in row else None
        row["decided_at"] = row["closed_at"] if "approver" in row else None
        values = (row.get(name, "") for name in _SESSION)
        batch.rows["guidance_sessions"].append(
            tuple(_stored(one) if isinstance(one, datetime) else one for one in values)
        )

    def _us(self, day: date) -> int:
        return int(datetime.combine(day, datetime.min.time(), UTC).timestamp() * 1_000_000)
