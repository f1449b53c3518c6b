"""From DICOM series and NIfTI files to volumes; the same for training and serving."""
