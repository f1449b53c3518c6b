"""A story for a machine: every key is described in docs/output.md."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from node.config import Settings
from node.history.card import UNVERIFIED, bundle_now, status_of
from node.history.paths import Objects
from node.history.repetition import Repetition
from node.history.story import Attempt, JobStory, Story
from node.history.timeline import timeline
from node.jobs.known_priors import plain_prior
from node.jobs.ledger_deliveries import Delivery
from node.jobs.ledger_history import ResultRow, TakenBack
from node.moments import zone


def plain(story: Story, settings: Settings, objects: Objects) -> dict[str, Any]:
    """Return all that is known of a study; times are ISO 8601 in UTC."""
    study, received = story.study, story.received
    return {
        "study_instance_uid": study.study_instance_uid,
        "study_hash": story.log_hash,
        "state": study.state,
        "received_from": study.calling_ae_title,
        "first_received_at": _iso(study.first_received_at),
        "last_received_at": _iso(study.last_received_at),
        "completed_at": _iso(study.completed_at),
        "completeness": study.completeness,
        "completeness_reason": study.completeness_reason,
        "images": received.images,
        "series": received.series,
        "images_with_file": received.with_file,
        "installation_id": story.installation_id,
        "zone": zone(study.last_received_at),
        "timeline": [
            {"at": _iso(event.at), "subject": event.subject, "text": event.text}
            for event in timeline(story)
        ],
        "jobs": [_job(job, settings, objects) for job in story.jobs],
    }


def _job(story: JobStory, settings: Settings, objects: Objects) -> dict[str, Any]:
    job = story.job
    return {
        "job": job.job_id,
        "model": job.model,
        "state": job.state,
        "version": job.version,
        "reason": job.reason,
        "detail": job.detail,
        "queued_at": _iso(job.queued_at),
        "ended_at": _iso(job.ended_at),
        "attempts": [_attempt(attempt) for attempt in story.attempts],
        "series": [asdict(verdict) for verdict in job.verdicts],
        "results": [_result(story, r, settings, objects) for r in story.results],
        "notices": [_made(story, notice, objects) for notice in story.notices],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "started_at": _iso(attempt.started_at),
        "ended_at": _iso(attempt.ended_at),
        "seconds": attempt.seconds,
        "outcome": attempt.outcome,
        "detail": attempt.detail,
    }


def _result(
    story: JobStory, result: ResultRow, settings: Settings, objects: Objects
) -> dict[str, Any]:
    return {
        "version": result.version,
        "identity": result.identity,
        "completed_at": _iso(result.completed_at),
        "summary": dict(result.summary),
        "measurements": [asdict(measured) for measured in result.measurements],
        **result.answers.plain(),
        "timings_s": dict(result.timings_s),
        "provenance": _provenance(story.job.model, result, settings),
        "priors": [plain_prior(prior) for prior in result.known.priors],
        "priors_withheld": list(result.known.withheld),
        "taken_back": _taken_back(result.taken_back),
        **_made(story, result, objects),
    }


def _provenance(model: str, result: ResultRow, settings: Settings) -> dict[str, Any]:
    return {
        "model": model,
        "model_version": result.model_version,
        "status": status_of(result, bundle_now(settings, model)),
        "weights_sha256": result.weights_digest,
        "precision": result.precision,
        "series_instance_uid": result.series_instance_uid,
        **result.made_with,
        "verification": UNVERIFIED,
    }


def _made(story: JobStory, result: ResultRow, objects: Objects) -> dict[str, Any]:
    """Return when a result or notice was made, its objects and where they went."""
    return {
        "reported_at": _iso(result.reported_at),
        "objects": [
            {
                "kind": made.kind,
                "sop_instance_uid": made.sop_instance_uid,
                "series_instance_uid": made.series_instance_uid,
                "sha256": made.sha256,
                "path": str(objects.path(made)),
                "is_there": objects.is_there(made),
            }
            for made in result.objects
        ],
        "deliveries": [_delivery(each) for each in story.deliveries_of(result)],
    }


def _delivery(delivery: Delivery) -> dict[str, Any]:
    is_due = delivery.state == "pending"
    return {
        "kind": delivery.kind,
        "sop_instance_uid": delivery.sop_instance_uid,
        "destination": delivery.destination,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "status": None if delivery.status is None else f"0x{delivery.status:04X}",
        "detail": delivery.detail,
        "created_at": _iso(delivery.created_at),
        "next_attempt_at": _iso(delivery.not_before) if is_due else None,
        "ended_at": _iso(delivery.ended_at),
    }


def _taken_back(taken: TakenBack | None) -> dict[str, Any] | None:
    if taken is None:
        return None
    return {
        "at": _iso(taken.at),
        "code": taken.code,
        "reason": taken.reason,
        "note_uid": taken.note_uid,
        "objects_deleted": taken.deleted,
    }


def plain_repetition(repetition: Repetition) -> dict[str, Any]:
    """Return what came out when a result was made once more."""
    return {
        "job": repetition.job_id,
        "model": repetition.model,
        "version": repetition.version,
        "equal": repetition.is_equal,
        "trouble": repetition.trouble,
        "changed": list(repetition.changed),
        "rows": [
            {
                "what": row.what,
                "recorded": row.recorded,
                "repeated": row.repeated,
                "equal": row.is_equal,
            }
            for row in repetition.rows
        ],
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
