"""Findings in, DICOM objects out. Knows no model."""

from __future__ import annotations

from dataclasses import replace

from models.contract import Findings, Volume
from models.terms import Flag, Grade
from models.volume.bundle import Bundle
from models.volume.headers import quiet
from models.volume.series import StudyHeaders
from node.config_reading import ReportSettings
from node.errors import JobError
from node.report.canvas import Canvas
from node.report.facts import local_time
from node.report.identity import edition, identity
from node.report.page import compose_page
from node.report.page_classified import compose_classified
from node.report.pdf import build_pdf
from node.report.pdf_page import pdf_of
from node.report.provenance import Provenance
from node.report.sc import build_sc
from node.report.seg import build_seg
from node.report.sop import Report, ReportObject, voxel_counts
from node.report.sources import source_headers
from node.report.sr import build_sr
from node.report.text import comments, report_text

UNCONFIRMED = Flag(
    "completeness_unconfirmed",
    "Nobody confirmed that the study is complete.",
    Grade.B,
)


@quiet()  # a library warns of odd names, and quotes them
def compose(report: Report) -> tuple[ReportObject, ...]:
    """Return Segmentation, Structured Report and Secondary Capture, in this order.

    Behind them the page as a PDF, where the settings ask for one. Where nothing has
    an outline, there is no Segmentation.

    Equal reports give equal bytes, in any process.
    """
    seg = build_seg(report) if report.segments else None
    made = {} if seg is None else {"SEG": seg}
    made["SR"] = build_sr(report, seg)
    page = page_of(report)
    made["SC"] = build_sc(report, page.pixels())
    if report.settings.pdf:
        made["PDF"] = build_pdf(report, pdf_of(page))
    return tuple(ReportObject.of(kind, dataset) for kind, dataset in made.items())


def page_of(report: Report) -> Canvas:
    """Return the page of a result: its first answer is a decision, or a size."""
    if report.findings.classifications:
        return compose_classified(report)
    return compose_page(report)


@quiet()
def prepare(
    volume: Volume,
    findings: Findings,
    bundle: Bundle,
    study: StudyHeaders,
    provenance: Provenance,
    settings: ReportSettings,
) -> Report:
    """Gather one edition of a report: headers, words and the hashes that name it.

    Parameters
    ----------
    volume
        The series that was read; its instances are in ``study``.
    findings
        On the grid of ``volume``.
    study
        Headers of the whole study: demographics may come from a sibling series.

    Raises
    ------
    JobError
        The source cannot be referenced slice by slice, or the findings are not on
        its grid.
    """
    if findings.label_map.shape != volume.shape:
        raise JobError("findings_off_grid", "the label map is not on the source's grid")
    findings = replace(findings, flags=_all_flags(volume, findings, provenance))
    headers = tuple(source_headers(study, volume))
    named = identity(provenance, volume.series.study_instance_uid, headers, settings)
    text = report_text(volume, findings, bundle, headers[0], provenance, settings)
    made_at = local_time(provenance, headers[0], settings).isoformat()
    words = (made_at, *comments(text))
    return Report(
        volume=volume,
        findings=findings,
        bundle=bundle,
        headers=headers,
        provenance=provenance,
        settings=settings,
        text=text,
        identity=named,
        edition=edition(named, provenance, findings, words, pdf=settings.pdf),
        counts=voxel_counts(findings.label_map),
    )


def _all_flags(
    volume: Volume, findings: Findings, provenance: Provenance
) -> tuple[Flag, ...]:
    """Return the model's flags, and those of the images and of the study with them.

    What the geometry says counts even where a model forgot to pass it on.
    """
    known = {flag.code for flag in findings.flags}
    geometry = tuple(flag for flag in volume.flags if flag.code not in known)
    study = (UNCONFIRMED,) if provenance.completeness == "unconfirmed" else ()
    return (*findings.flags, *geometry, *study)
