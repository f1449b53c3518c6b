"""Every fault that the doctor names, and what it has to say about it.

``python -m tests.node.doctor.faults`` prints the table.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from node.doctor import State
from tests.node.doctor.seeds import (
    OTHER,
    Seed,
    bare,
    below_a_file,
    beside,
    calibration,
    changed_weights,
    deaf_node,
    dicom_at_archive,
    dicom_at_node,
    http_as_rest,
    http_as_viewer,
    http_at_archive,
    http_at_node,
    modality,
    no_ledger,
    refusing_destination,
    schema,
    script_of_another,
    setting,
    tls_as_rest,
    viewer_of,
    without_password,
)


@dataclass(frozen=True)
class Fault:
    """A fault, and what the doctor has to say about it.

    Attributes
    ----------
    name
        What is wrong, in words.
    seed
        Makes it so and yields the settings to examine.
    subject
        Of the finding that has to turn.
    remedy
        Words that its remedy has to hold.
    found
        Words that it has to say was found, where the remedy alone would not show
        that this fault was seen and no other.
    state
        What it turns into.
    store
        Whether only ``--store`` can see it.
    """

    name: str
    seed: Seed
    subject: str
    remedy: str
    found: str = ""
    state: State = State.WRONG
    store: bool = False


OPEN = {"listen": "0.0.0.0"}  # noqa: S104 - the fault that is seeded
ALONE = (
    Fault(
        "the data folder lies where none can be made",
        setting(node={"data_dir": "/proc/x"}),
        "data folder",
        "data_dir = ",
        found="nothing can be written",
    ),
    Fault(
        "the data folder lies in a file",
        below_a_file,
        "data folder",
        "data_dir = ",
        found="is a file",
    ),
    Fault(
        "the disk is below its mark",
        setting(inbound={"min_free_mib": 2**40}),
        "disk",
        "min_free_mib = ",
    ),
    Fault("the ledger is no database", no_ledger, "ledger", "mv "),
    Fault(
        "the ledger is of a later program",
        schema(99),
        "ledger",
        "use the matching pacs-ai-node",
    ),
    Fault("the ledger is of an earlier program", schema(1), "ledger", "pacs-node run"),
    Fault(
        "a byte of the site's own weights changed",
        changed_weights,
        "model hippocampus",
        "bundle = ",
        found="SHA-256",
    ),
    Fault(
        "the site's own bundle is not there",
        setting(models={"hippocampus": {"bundle": "nowhere"}}),
        "model hippocampus",
        "bundle = ",
    ),
    Fault(
        "the calibration is not there",
        setting(models={"hippocampus": {"calibration": "nowhere.json"}}),
        "calibration hippocampus",
        "calibration = ",
        found="No such file",
    ),
    Fault(
        "a number of the calibration changed",
        calibration(bias_mm3=-401.0),
        "calibration hippocampus",
        "pacs-node calibrate --controls ",
        found="SHA-256",
    ),
    Fault(
        "the calibration was made with other weights",
        calibration(weights_sha256="0" * 64),
        "calibration hippocampus",
        "pacs-node calibrate --controls ",
        found="000000000000",
    ),
    Fault(
        "the calibration was made with another edition of the norm",
        calibration(norm_sha256="0" * 64),
        "calibration hippocampus",
        "pacs-node calibrate --controls ",
        found="another edition",
    ),
    Fault(
        "every model is switched off",
        setting(models={"hippocampus": {"enabled": False}}),
        "models",
        "enabled = true",
    ),
    Fault(
        "a web server has the node's port",
        http_at_node,
        "DICOM port",
        "ss -ltnp",
        found="speaks no DICOM",
    ),
    Fault(
        "a DICOM node of another title has the node's port",
        dicom_at_node(OTHER),
        "DICOM port",
        "ss -ltnp",
        found="another AE title",
    ),
    Fault(
        "what has the node's port answers to every title",
        dicom_at_node(OTHER, any_called=True),
        "DICOM port",
        "ss -ltnp",
        found="every AE title",
    ),
    Fault(
        "a node of the same title works in another data folder",
        dicom_at_node("HIPPOAI"),
        "DICOM port",
        "stop that node",
    ),
    Fault(
        "the running node listens elsewhere", deaf_node, "DICOM port", "pacs-node run"
    ),
    Fault(
        "the address to listen at is another machine's",
        setting(node={"listen": "192.0.2.1"}),
        "DICOM port",
        'listen = "127.0.0.1"',
    ),
    Fault(
        "the archive's title is not among those that may send",
        setting(inbound={"allow_ae_titles": ["SCANNER"]}),
        "callers",
        'allow_ae_titles = ["SCANNER", "ORTHANC"]',
    ),
    Fault(
        "the archive's address is not among those that may send",
        setting(node=OPEN, inbound={"allow_addresses": ["10.1.0.0/16"]}),
        "callers",
        'allow_addresses = ["10.1.0.0/16", "127.0.0.1"]',
    ),
    Fault(
        "everybody on the network may send",
        setting(node=OPEN),
        "callers",
        'allow_addresses = ["127.0.0.1"]',
        state=State.ADVICE,
    ),
    Fault(
        "images leave the machine unencrypted",
        setting(node=OPEN),
        "certificates",
        "VPN",
        state=State.ADVICE,
    ),
    Fault(
        "the archive's host has no address",
        setting(archive={"host": "no-such-host.invalid"}),
        "archive",
        "getent hosts",
    ),
    Fault("the archive does not run", setting(), "archive", "./launch_orthanc.sh"),
    Fault(
        "a web server has the archive's DICOM port",
        http_at_archive,
        "archive",
        "dicom_port = ",
        found="speaks no DICOM",
    ),
    Fault(
        "the archive goes by another title, without REST",
        dicom_at_archive("REALPACS"),
        "archive",
        "ae_title = ",
    ),
    Fault(
        "the archive does not know the node's title",
        dicom_at_archive("ORTHANC", calling=("FRIEND",)),
        "archive",
        '"ai-node": ["HIPPOAI", "127.0.0.1", ',
    ),
    Fault(
        "the archive answers C-ECHO and no questions",
        dicom_at_archive("ORTHANC"),
        "questions by C-FIND",
        "let HIPPOAI query",
    ),
    Fault(
        "a destination does not know the node's title",
        refusing_destination,
        "destination PACS2",
        "let HIPPOAI",
    ),
    Fault(
        "Orthanc's REST API does not answer",
        setting(archive={"rest": True}),
        "archive REST",
        "./launch_orthanc.sh",
    ),
    Fault(
        "another web server is at Orthanc's port",
        http_as_rest({}),
        "archive REST",
        "http_port = ",
        found="HTTP 404",
    ),
    Fault(
        "Orthanc's REST API speaks HTTPS",
        tls_as_rest,
        "archive REST",
        '"SslEnabled": false',
    ),
    Fault(
        "the clocks are hours apart",
        http_as_rest({"/system": {"DicomAet": "X"}, "/tools/now": "20260101T000000"}),
        "clock",
        "set-ntp true",
        found="ahead of",
    ),
    Fault(
        "a web server has the viewer's port",
        http_as_viewer,
        "viewer OHIF",
        "port = ",
        found="another program",
    ),
    Fault(
        "the viewer is configured for another archive",
        viewer_of("OLDPACS"),
        "viewer OHIF",
        "./launch_ohif.sh --stop; ./launch_ohif.sh",
        found="OLDPACS",
    ),
    Fault(
        "the viewer does not reach the archive",
        viewer_of("ORTHANC"),
        "viewer OHIF",
        "./launch_ohif.sh --stop; ./launch_ohif.sh",
        found="does not reach",
    ),
    Fault(
        "the test object cannot be deleted again",
        dicom_at_archive("ORTHANC"),
        "self-test object",
        "SOP Instance UID 2.25.",
        state=State.NOT_EXAMINED,
        store=True,
    ),
)
"""Seeded without an Orthanc."""

BESIDE_ORTHANC = (
    Fault(
        "the archive's title is written wrongly",
        beside(archive={"ae_title": "WRONG"}),
        "archive",
        'ae_title = "ORTHANC"',
    ),
    Fault(
        "the archive's DICOM port is written wrongly",
        beside(archive={"dicom_port": 1}),
        "archive",
        "dicom_port = ",
    ),
    Fault(
        "Orthanc knows no modality of the node's title",
        beside(node={"ae_title": OTHER}),
        "way back to the node",
        f'"ai-node": ["{OTHER}", "127.0.0.1", ',
    ),
    Fault(
        "Orthanc calls the node at another port",
        modality(Port=1),
        "way back to the node",
        "./launch_orthanc.sh --stop",
        found="at port 1;",
    ),
    Fault(
        "Orthanc calls the node at another address",
        modality(Host="127.0.0.9"),
        "way back to the node",
        "./launch_orthanc.sh --stop",
        found="127.0.0.9",
    ),
    Fault(
        "Orthanc takes no results from the node",
        modality(AllowStore=False),
        "way back to the node",
        "./launch_orthanc.sh --stop",
        found="AllowStore",
    ),
    Fault(
        "Orthanc refuses the test object",
        modality(AllowStore=False),
        "test C-STORE",
        "let HIPPOAI store",
        store=True,
    ),
    Fault(
        "Orthanc wants a password",
        without_password,
        "archive REST",
        "PACS_NODE_ARCHIVE_PASSWORD=",
    ),
    Fault("Orthanc has no DICOMweb", bare, "DICOMweb", "orthanc-dicomweb"),
    Fault(
        "the routing script is not loaded",
        bare,
        "routing script (Lua)",
        "LuaScripts",
        store=True,
    ),
    Fault(
        "the routing script is another node's",
        script_of_another,
        "routing script (Lua)",
        '"ai-node": ["HIPPOAI", ',
        found="routes to OTHERNODE",
        store=True,
    ),
)
"""Seeded beside a running Orthanc."""


def main() -> None:
    """Print the table in Markdown."""
    sys.stdout.write(
        "| fault | what turns | into | the remedy holds |\n|---|---|---|---|\n"
    )
    for fault in (*ALONE, *BESIDE_ORTHANC):
        option = " (--store)" if fault.store else ""
        sys.stdout.write(
            f"| {fault.name} | {fault.subject}{option} | {fault.state} | "
            f"`{fault.remedy.strip()}` |\n"
        )


if __name__ == "__main__":
    main()
