"""What a batch says, in English."""

STAGES = {
    "waits": "waits",
    "start": "starts",
    "model": "loads the model",
    "headers": "reads the headers",
    "choose": "chooses the series",
    "priors": "reads earlier exams",
    "load": "reads the images",
    "predict": "segments",
    "identity": "compares with earlier",
    "compose": "makes the report",
    "write": "writes the results",
    "send": "sends",
    "done": "done",
}
"""Of a job (node.jobs.stage), with what comes before and after."""

STATES = {
    "reported": "reported",
    "not_applicable": "not applicable",
    "failed": "failed",
    "no_study": "no study found",
    "not_read": "not read: interrupted",
    "kept": "finished earlier",
}

FLAGS = {
    "completeness_unconfirmed": "study not confirmed to be complete",
    "nominal_geometry": "image positions are nominal",
    "contrast_enhanced": "contrast-enhanced images",
    "thick_slices": "thick slices",
    "touches_border": "hippocampus reaches the edge of the images",
    "several_components": "separate pieces were removed",
    "high_entropy": "model less certain than when it was tested",
    "low_reliability": "low expected overlap with a manual outline",
    "volume_implausible": "volume is not that of a hippocampus",
    "outside_training_range": "volume outside the range of training",
    "ratio_outside_training_range": "anterior to posterior outside the range",
    "side_not_determinable": "side not determinable",
    "no_head_size": "not adjusted for head size",
    "side_declared": "side declared by the site",
    "mirrored": "right side, mirrored to be read",
    "other_hand": "looks like a hippocampus of the other side",
}

UNITS = {"mm3": "mm³", "mL": "mL", "s": "s"}

PLURALS = {
    "studies": ("{n} study", "{n} studies"),
    "images": ("{n} image", "{n} images"),
    "more_rows": ("… and {n} more", "… and {n} more"),
    "other_series": ("{n} other series", "{n} other series"),
}

TEXTS = {
    "decimal_sign": ".",
    "seconds": "{s} s",
    "minutes": "{m} min {s} s",
    "hours": "{h} h {m} min",
    "research": "Research use, not a diagnosis; not verified by a physician",
    "demonstration": "DEMONSTRATION MODEL, not for patients",
    "sent_yes": "yes",
    "sent_no": "no: {why}",
    "sent_count": "Sent: {sent} of {of}",
    "sent_next": "The same command sends the rest.",
    "sent_waiting": "not yet accepted",
    "found_wanted": "{found}; wanted: {wanted}",
    "series_reason": "series {number}: {reason}",
    "unknown_reason": "The reading failed: {code}.",
    "unknown_advice": "Look into the log of the run.",
    # the spreadsheet's sheet and the table in the terminal
    "grade_only": "grade {grade}",
    "looking": "Looking for studies",
    "reading": "Reading",
    "elapsed": "in",
    "left": "left",
    "head_study": "Study",
    "head_model": "Model",
    "head_outcome": "Outcome",
    "head_grade": "Grade",
    "head_time": "Time",
    "head_studies": "Studies",
    "head_started": "Started",
    "head_ended": "Ended",
    "head_root": "Read from",
    "head_command": "Command",
    "head_program": "Program",
    "head_processor": "Processor",
    "head_cores": "Cores",
    "head_workers": "Workers",
    "head_note": "Note",
    "model_named": "{name} {version}, weights {weights}",
    # the last lines
    "closing": "{studies} in {time}: {counts}.",
    "closing_nothing": "No study was found.",
    "head_spreadsheet": "Spreadsheet",
    "head_results": "Results",
    "more_in": "{more}, all in {file}",
    # one study
    "head_series": "Series",
    "head_because": "Because",
    "head_flags": "Notes",
    "head_sent": "Sent",
    "head_why": "Why",
    "head_advice": "Advice",
    "head_not_read": "Not read",
    "grade_A": "A, good",
    "grade_B": "B, with reservations",
    "grade_C": "C, not to be trusted",
}

PARTS = {
    "Hippocampal volumetry": "Hippocampal volumetry",
    "Anterior hippocampus": "Anterior hippocampus",
    "Posterior hippocampus": "Posterior hippocampus",
    "Hippocampus": "Hippocampus",
    "anterior": "anterior",
    "posterior": "posterior",
    "total": "total",
}
"""What is measured, by the first half of a column's name (models/*/bundle.json)."""
