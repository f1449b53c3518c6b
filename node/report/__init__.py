"""Findings as DICOM: Segmentation, Structured Report, Secondary Capture."""
