"""The conformance statement says what the code does: its network side."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID, CTImageStorage
from pynetdicom import AE
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]  # made at run time
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelMove,
)

from node.config import InboundSettings, NodeSettings, Settings
from node.inbound import archive_dicom, archive_queries, scp, watcher
from node.inbound.scp import StorageSCP
from node.inbound.spool import Spool
from node.jobs.ledger import Ledger
from node.send.scu import STATUSES, Answer, meaning
from tests.house.tables import Row, tables
from tests.node.inbound.objects import eventually
from tests.ports import free_port

STATEMENT = Path(__file__).parents[2] / "docs" / "conformance.md"
TABLES = tables(STATEMENT)

PRIVATE_CLASS = "1.2.826.0.1.3680043.10.999.1"
FUTURE_CLASS = "1.2.840.10008.5.1.4.1.1.999"
TRANSFER_SYNTAXES = (
    *archive_queries.TRANSFER_SYNTAXES,
    "1.2.840.10008.1.2.4.100",  # MPEG2
    "1.2.826.0.1.3680043.10.999.2",  # private
)
UNCOMPRESSED = (
    "Implicit VR Little Endian, Explicit VR Little Endian, "
    "Deflated Explicit VR Little Endian, Explicit VR Big Endian"
)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Run an SCP for two associations that knows one caller; return its port."""
    settings = InboundSettings(
        min_free_mib=0, max_associations=2, allow_ae_titles=("SCANNER",)
    )
    node = NodeSettings(port=free_port())
    ledger = Ledger(tmp_path)
    server = StorageSCP(
        node,
        settings,
        Spool(tmp_path / "spool", settings),
        ledger,
        on_stored=lambda *_: None,
        on_released=lambda *_: None,
    )
    server.start()
    yield node.port
    server.stop()
    ledger.close()


def associate(
    port: int,
    *contexts: tuple[str, tuple[str, ...]],
    calling: str = "SCANNER",
    called: str = "HIPPOAI",
) -> Any:
    """Propose these presentation contexts."""
    ae = AE(ae_title=calling)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 10
    for sop_class, syntaxes in contexts or [(CTImageStorage, TRANSFER_SYNTAXES[:1])]:
        ae.add_requested_context(sop_class, list(syntaxes))
    return ae.associate("127.0.0.1", port, ae_title=called)


def column(heading: str, name: str) -> list[str]:
    """Return a column of a table."""
    return [row[name] for row in TABLES[heading]]


def uids_of_names(names: str) -> list[str]:
    """Return the UIDs of transfer syntaxes that stand in a cell by name."""
    known = {UID(uid).name: uid for uid in archive_queries.TRANSFER_SYNTAXES}
    return [known[name] for name in names.split(", ")]


def test_verification_is_accepted_in_the_stated_transfer_syntaxes(port: int) -> None:
    """Each by itself; and in no compressed one."""
    row = TABLES["Presentation contexts accepted"][0]
    stated = uids_of_names(row["Transfer syntaxes"])
    accepted = []
    for syntax in TRANSFER_SYNTAXES:
        association = associate(port, (scp.VERIFICATION, (syntax,)))
        if association.is_established:
            accepted.append(syntax)
            association.release()

    assert row["Abstract syntax"] == "Verification"
    assert sorted(accepted) == sorted(stated)


@pytest.mark.parametrize("sop_class", [CTImageStorage, PRIVATE_CLASS, FUTURE_CLASS])
def test_every_storage_class_is_accepted_in_every_transfer_syntax(
    port: int, sop_class: str
) -> None:
    """Each in a context of its own, and of several in one context the first."""
    contexts = [(sop_class, (syntax,)) for syntax in TRANSFER_SYNTAXES]
    association = associate(port, *contexts)
    several = associate(port, (sop_class, TRANSFER_SYNTAXES[::-1]))

    found = [cx.transfer_syntax[0] for cx in association.accepted_contexts]
    first = several.accepted_contexts[0].transfer_syntax[0]
    association.release()
    several.release()
    assert found == [UID(syntax) for syntax in TRANSFER_SYNTAXES]
    assert first == TRANSFER_SYNTAXES[-1]
    assert [row["Transfer syntaxes"][:5] for row in TABLES[ACCEPTED][1:]] == [
        "every"
    ] * 2


ACCEPTED = "Presentation contexts accepted"


def test_other_services_are_refused_by_their_abstract_syntax(port: int) -> None:
    """Nobody can query or retrieve from the node."""
    services = (
        StudyRootQueryRetrieveInformationModelFind,
        StudyRootQueryRetrieveInformationModelMove,
    )
    contexts = [(str(service), TRANSFER_SYNTAXES[:1]) for service in services]
    association = associate(port, (CTImageStorage, TRANSFER_SYNTAXES[:1]), *contexts)

    results = {cx.abstract_syntax: cx.result for cx in association.rejected_contexts}
    association.release()
    assert results == dict.fromkeys(services, 0x03)


def test_every_status_that_is_answered_is_stated() -> None:
    """And no other; each once."""
    answered = {
        scp.SUCCESS,
        scp.CLASS_NOT_SUPPORTED,
        scp.PROCESSING_FAILURE,
        *scp.STATUSES.values(),
    }
    codes = {value for name, value in vars(scp).items() if is_status(name, value)}
    stated = [int(code, 16) for code in column("Statuses answered to C-STORE", "Code")]

    assert sorted(stated) == sorted(answered)
    assert codes == answered


def is_status(name: str, value: object) -> bool:
    """Tell whether a constant of a module is a status."""
    return name.isupper() and isinstance(value, int)


def test_every_status_that_is_received_is_taken_as_stated() -> None:
    """The rows are those of the code, and the code of the last row is any other."""
    *rows, other = TABLES["Statuses received to C-STORE"]
    stated = []
    for row in rows:
        first, *rest = row["Codes"].split(" to ")
        behaviour = Answer(row["Behaviour"])
        stated.append((int(first, 16), int([first, *rest][-1], 16), behaviour))

    assert sorted(stated) == sorted(row[:3] for row in STATUSES)
    assert meaning(0x0211)[0] is Answer(other["Behaviour"])


def test_each_rejection_has_the_stated_result_source_and_reason(port: int) -> None:
    """A caller that is not known, another called title, one association too many."""
    strangers = [
        associate(port, calling="STRANGER"),
        associate(port, called="SOMEBODY"),
    ]
    taken = [eventually(lambda: established(associate(port))) for _ in range(2)]
    found = [
        (p.result, p.result_source, p.diagnostic)
        for p in (one.acceptor.primitive for one in [*strangers, associate(port)])
    ]
    for association in taken:
        association.release()
    stated = [
        (int(row["Result"]), int(row["Source"]), int(row["Reason"]))
        for row in TABLES["Associations rejected"]
    ]

    assert found == stated


def established(association: Any) -> Any:
    """Return the association if it was accepted."""
    return association if association.is_established else None


def test_the_queries_have_the_stated_keys() -> None:
    """At each level, with the kind of matching that their values ask for."""
    identifiers = [
        *(("C-FIND", query) for query in queries_of_find()),
        ("C-GET", archive_queries.retrieval_of("1.2", "1.3")),
    ]
    found: dict[tuple[str, str, str], set[str]] = {}
    for service, identifier in identifiers:
        for element in identifier:
            if element.keyword != "QueryRetrieveLevel":
                key = (service, identifier.QueryRetrieveLevel, element.keyword)
                found.setdefault(key, set()).add(_matching(element.value))
    stated = {
        (row["Query"], row["Level"], row["Attribute"]): set(
            row["Matching"].split(" or ")
        )
        for row in TABLES["Query/Retrieve: keys"]
    }

    assert found == stated


def queries_of_find() -> list[Dataset]:
    """Return every identifier that C-FIND is sent with."""
    return [
        archive_queries.studies_since(date(2026, 1, 1)),
        archive_queries.studies_of_patient("A-17", date(2026, 1, 1)),
        archive_queries.described_series_of("1.2"),
        archive_queries.series_of("1.2"),
        archive_queries.images_of("1.2", "1.3"),
    ]


def _matching(value: object) -> str:
    """Name the matching of a key (PS3.4 C.2.2.2)."""
    if value in ("", None):
        return "universal"
    return "range" if "-" in (str(value)[0], str(value)[-1]) else "single value"


def test_images_are_fetched_in_the_stated_transfer_syntaxes() -> None:
    """In the stated order, which is that of preference."""
    stated = column("C-GET: storage contexts proposed", "UID")

    assert tuple(stated) == archive_queries.TRANSFER_SYNTAXES
    assert archive_queries.MAX_STORAGE_CONTEXTS == 127


def test_the_query_services_are_the_stated_ones() -> None:
    """In the uncompressed transfer syntaxes."""
    rows = TABLES["Query/Retrieve: contexts proposed"]

    assert [row["UID"] for row in rows] == [
        archive_dicom.STUDY_ROOT_FIND,
        archive_dicom.STUDY_ROOT_GET,
    ]
    assert {row["Transfer syntaxes"] for row in rows} == {UNCOMPRESSED}
    for row in rows:
        context = build_context(row["UID"])
        stated = uids_of_names(row["Transfer syntaxes"])
        assert context.transfer_syntax == [UID(uid) for uid in stated]


def test_the_configuration_has_the_stated_defaults() -> None:
    """Each parameter is a setting, with its default."""
    for row in TABLES["Configuration"]:
        assert str(default_of(row["Setting"])) == row["Default"]


def default_of(setting: str) -> object:
    """Return the default of ``section.key``."""
    section, _, key = setting.partition(".")
    return getattr(getattr(Settings(), section), key)


def test_limits_and_time_outs_are_the_stated_ones() -> None:
    """Of associations in each role."""
    roles = ["As acceptor", "As initiator to a destination", LAST]
    rows: dict[str, Row] = {r["What"]: r for r in TABLES["Associations and time-outs"]}
    for row in rows.values():
        for cell in (row[role] for role in roles):
            setting, _, value = cell.replace("`", "").partition(", ")
            if value:
                assert default_of(setting) == float(value)
    ae = AE()

    assert rows["Maximum PDU length announced, bytes"][LAST] == str(ae.maximum_pdu_size)
    asking = watcher.ASKING_THREADS + 1  # and the reconciliation
    assert rows["Simultaneous associations"][LAST] == str(asking)


LAST = "As initiator to the archive asked"


def test_the_implementation_is_the_stated_one(port: int) -> None:
    """As the acceptor says in the negotiation."""
    association = associate(port)
    acceptor = association.acceptor
    found = [str(acceptor.implementation_class_uid)]
    found.append(acceptor.implementation_version_name)
    length = acceptor.maximum_length
    association.release()

    assert found == column("Implementation identification", "Value")
    assert length == InboundSettings().max_pdu
