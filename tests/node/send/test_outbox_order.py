"""Whatever fails, in whatever order: in order, not twice, and never forgotten.

A machine of hypothesis plays hours of trouble against a real ledger: archives that
are full, silent, gone or rude, kills at any moment, damaged files, restarts, an
archive that moves. The archive is a script at the boundary of the SCU, and looks into
the ledger whenever it is offered an object.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from node.config import Destination, SendSettings
from node.errors import SendError
from node.jobs.database import Database
from node.jobs.job import JobState, ObjectFile
from node.jobs.ledger import Ledger
from node.jobs.ledger_deliveries import DESTINATION_REMOVED, PATIENCE, Delivery
from node.send import outbox
from node.send.outbox import (
    RESULT_DAMAGED,
    Outbox,
    destination_name,
    readdress,
)
from node.send.scu import Answer, Outgoing, Peer, Sent, meaning
from tests.node.jobs.ledger_stories import T0, complete, instance, result

KINDS = ("SEG", "SR", "SC")
SETTINGS = SendSettings(backoff_s=2.0, backoff_max_s=300.0, give_up_after_h=72.0)

OBJECT_ANSWERS = {
    "stored": 0x0000,
    "coerced": 0xB000,
    "full": 0xA700,
    "failure": 0x0110,
    "refused": 0xC000,
}
"""What an archive answers to one C-STORE."""

OBJECT_TROUBLE = ("answer lost", "aborted", "killed before", "killed after")
"""What can happen to one C-STORE instead."""

ASSOCIATION_TROUBLE = ("unreachable", "rejected")
"""What can happen to all of them."""

scripts = st.one_of(
    st.sampled_from(ASSOCIATION_TROUBLE).map(lambda word: [word]),
    st.lists(st.sampled_from([*OBJECT_ANSWERS, *OBJECT_TROUBLE]), max_size=4),
)
WRITE = Database.write

pauses = st.sampled_from([1, 3, 10, 60, 301, 3600, 20 * 3600])


def write_without_waiting(
    database: Database, **_: bool
) -> AbstractContextManager[sqlite3.Connection]:
    """Write as `Database.write` does; no power is cut here, so no disk is awaited."""
    return WRITE(database, durable=False)


class KilledError(BaseException):
    """The process ends here: no ``except Exception`` sees it."""


class ScriptedArchive:
    """Stands in for ``scu.store``: answers by a script, then stores everything."""

    def __init__(self) -> None:
        self.script: deque[str] = deque()
        self.holds: dict[str, list[str]] = defaultdict(list)
        self.refused: set[tuple[str, str]] = set()
        self.on_offer: Callable[[str, str], None] = lambda _place, _uid: None

    def store(
        self, objects: Sequence[Outgoing], peer: Peer, *_: object
    ) -> Iterator[Sent]:
        """Play one association."""
        if self.script and self.script[0] in ASSOCIATION_TROUBLE:
            permanent = self.script.popleft() == "rejected"
            if permanent:
                self.refused |= {(str(peer), o.sop_instance_uid) for o in objects}
            raise SendError("nobody there", permanent=permanent)
        for outgoing in objects:
            sent = self._store_one(str(peer), outgoing.sop_instance_uid)
            if sent is None:
                return
            yield sent

    def _store_one(self, place: str, uid: str) -> Sent | None:
        self.on_offer(place, uid)
        word = self.script.popleft() if self.script else "stored"
        if word == "killed before":
            raise KilledError
        if word == "aborted":
            return None
        status = OBJECT_ANSWERS.get(word, 0x0000)
        answer, words = meaning(status)
        if answer is Answer.STORED:
            self.holds[place].append(uid)
        if answer is Answer.PERMANENT:
            self.refused.add((place, uid))
        if word == "killed after":
            raise KilledError
        if word == "answer lost":
            return Sent(uid, Answer.TRANSIENT, None, "no answer to C-STORE")
        return Sent(uid, answer, status, words)


class Trouble(RuleBasedStateMachine):
    """Results are made and sent while everything goes wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.archive = ScriptedArchive()
        self.archive.on_offer = self.check_offer
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(outbox, "store", self.archive.store)
        self.patch.setattr(Database, "write", write_without_waiting)
        self.now = T0
        self.ledger = Ledger(self.folder)
        self.results: list[tuple[str, ...]] = []
        self.of_study: dict[str, list[str]] = defaultdict(list)  # through all versions
        self.damaged: set[str] = set()
        self.owed: set[tuple[str, str]] = set()
        self.moves = 0
        self.places = [self.place("ARCHIVE"), self.place("VIEW")]

    def teardown(self) -> None:
        """Let the archives recover, and settle the account."""
        try:
            self.recover()
            self.check_account()
        finally:
            self.patch.undo()
            self.ledger.close()
            shutil.rmtree(self.folder)

    def place(self, ae_title: str) -> Destination:
        """Return a destination; each move has another port."""
        port = 4242 + self.moves
        return Destination(ae_title=ae_title, host="127.0.0.1", port=port)

    def names(self) -> list[str]:
        """Return the names of the destinations."""
        return [destination_name(place) for place in self.places]

    # What happens

    @initialize()
    def the_first_result_is_made(self) -> None:
        """Begin with something to send."""
        self.a_result_is_made()

    @rule()
    def a_result_is_made(self) -> None:
        """Report a study of its own."""
        study = f"1.{len(self.results) + 1}"
        self.report(study, study)

    @precondition(lambda self: self.results)
    @rule()
    def a_late_image_makes_a_version(self) -> None:
        """Report the last study again."""
        count = len(self.results) + 1
        study = self.ledger.jobs.listing()[-1].study_instance_uid
        self.report(study, f"{study}.{count}", number=count)

    def report(self, study: str, name: str, number: int = 1) -> None:
        """Take a study through the ledger to a result of three objects."""
        self.now += timedelta(seconds=1)
        self.ledger.studies.record([instance(study, number=number)], self.now)
        complete(self.ledger, study, now=self.now)
        job = self.ledger.jobs.claim(self.now)
        assert job is not None
        objects = tuple(self.written(made) for made in result(name, KINDS).objects)
        outcome = replace(result(name, KINDS), objects=objects)
        self.ledger.jobs.report(job.job_id, outcome, self.names(), self.now)
        uids = tuple(made.sop_instance_uid for made in objects)
        self.results.append(uids)
        self.of_study[study] += uids
        self.owed |= {(place, uid) for place in self.names() for uid in uids}

    def written(self, made: ObjectFile) -> ObjectFile:
        """Write the bytes of an object."""
        path = self.folder / made.sop_instance_uid
        path.write_text(made.sop_instance_uid)
        return replace(made, path=path, sha256=sha256(path.read_bytes()).hexdigest())

    @rule(number=st.integers(0, 1), script=scripts)
    def an_outbox_ticks(self, number: int, script: list[str]) -> None:
        """Play one association by the script."""
        self.archive.script = deque(script)
        try:
            self.tick(self.places[number])
        except KilledError:
            self.a_restart()
        self.archive.script.clear()

    @rule(seconds=pauses)
    def time_passes(self, seconds: int) -> None:
        """Nothing else happens."""
        self.now += timedelta(seconds=seconds)

    @rule()
    def a_restart(self) -> None:
        """Forget all but what stands in the ledger."""
        self.ledger.close()
        self.ledger = Ledger(self.folder)
        readdress(self.ledger, self.places, self.now)

    @precondition(lambda self: self.moves < 2)
    @rule(number=st.integers(0, 1))
    def an_archive_moves(self, number: int) -> None:
        """Change its port, and start the node again."""
        before = self.names()[number]
        self.moves += 1
        self.places[number] = self.place(self.places[number].ae_title)
        for delivery in self.deliveries():
            if delivery.state == "pending" and delivery.destination == before:
                key = (before, delivery.sop_instance_uid)
                self.owed.remove(key)
                self.owed.add((self.names()[number], delivery.sop_instance_uid))
        self.a_restart()

    @precondition(lambda self: self.results)
    @rule(data=st.data())
    def a_file_is_damaged(self, data: st.DataObject) -> None:
        """Alter any file, sent or not."""
        uid = data.draw(st.sampled_from([u for uids in self.results for u in uids]))
        (self.folder / uid).write_text("something else")
        self.damaged.add(uid)

    # What must hold

    def check_offer(self, place: str, uid: str) -> None:
        """Look into the ledger at the moment in which an object is offered."""
        here = {
            d.sop_instance_uid: d for d in self.deliveries() if d.destination == place
        }
        uids = next(uids for uids in self.of_study.values() if uid in uids)

        assert here[uid].state == "pending", "sent again after a recorded success"
        assert uid not in self.damaged
        for earlier in uids[: uids.index(uid)]:
            done = earlier not in here or here[earlier].state != "pending"
            assert done or here[earlier].attempts >= PATIENCE, "overtaken"

    @invariant()
    def what_is_called_sent_is_there(self) -> None:
        """No success is recorded that the archive did not give."""
        for delivery in self.deliveries():
            if delivery.state == "sent":
                assert (
                    delivery.sop_instance_uid
                    in self.archive.holds[delivery.destination]
                )

    @invariant()
    def nothing_is_forgotten(self) -> None:
        """Each object stands in the ledger for each place that is to get it."""
        assert self.owed == {
            (d.destination, d.sop_instance_uid) for d in self.deliveries()
        }

    def check_account(self) -> None:
        """Everything was sent, or has failed for a reason that happened."""
        states = defaultdict(set)
        for delivery in self.deliveries():
            states[delivery.job_id].add(delivery.state)
            assert delivery.state == "sent" or self.has_reason(delivery), delivery
        for job in self.ledger.jobs.listing():
            if states[job.job_id] == {"sent"}:
                assert job.state is JobState.SENT

    def has_reason(self, delivery: Delivery) -> bool:
        """Return whether a delivery failed by right."""
        if delivery.detail == RESULT_DAMAGED:
            return delivery.sop_instance_uid in self.damaged
        limit = delivery.created_at + timedelta(hours=SETTINGS.give_up_after_h)
        key = (delivery.destination, delivery.sop_instance_uid)
        assert delivery.detail != DESTINATION_REMOVED
        return key in self.archive.refused or self.now > limit

    # How it is done

    def deliveries(self) -> list[Delivery]:
        """Return all deliveries of the ledger."""
        return [d for found in self.ledger.deliveries.by_job().values() for d in found]

    def tick(self, place: Destination) -> None:
        """Step an outbox; one that had nothing to do neither spins nor oversleeps."""
        worked = Outbox(SETTINGS, place, self.ledger, "NODE").tick(self.now)
        due = self.ledger.deliveries.next_due(destination_name(place))
        if not worked:
            assert due is None or due > self.now

    def recover(self) -> None:
        """Let hours pass in which every archive takes everything."""
        end = self.now + timedelta(days=30)
        while any(d.state == "pending" for d in self.deliveries()):
            assert self.now < end, "forgotten"
            self.now += timedelta(seconds=SETTINGS.backoff_max_s)
            for place in self.places:
                self.tick(place)


def test_in_order_not_twice_and_never_forgotten() -> None:
    """Thirty stories of up to twenty-five steps."""
    run_state_machine_as_test(
        Trouble,
        settings=settings(max_examples=30, stateful_step_count=25),
    )
