"""Write simulated studies, or measure how hard they are.

``python -m models.chest_ct.simulator write FOLDER --study SIM00000-1``
``python -m models.chest_ct.simulator difficulty --studies 200``
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.chest_ct.simulator.dicom import write_dicom, write_zip
from models.chest_ct.simulator.difficulty import coarse, difficulty, named
from models.chest_ct.simulator.plan import plan
from models.chest_ct.simulator.settings import shipped
from models.chest_ct.simulator.study import simulate


def _write(options: argparse.Namespace) -> None:
    settings = shipped()
    study = simulate(named(plan(settings), options.study), settings)
    if options.zip:
        written = str(write_zip(study, options.folder / f"{options.study}.zip"))
    else:
        files = write_dicom(study, options.folder / options.study)
        written = f"{files[0].parent}: {len(files)} images"
    sys.stdout.write(f"{written}\n")
    for lesion in study.lesions:
        size = f"{lesion.volume_mm3 / 1000:.2f} mL, box {lesion.first} to {lesion.last}"
        sys.stdout.write(f"  {lesion.kind.name.lower()} ({lesion.form}) {size}\n")


def _difficulty(options: argparse.Namespace) -> None:
    for name, value in difficulty(coarse(shipped()), options.studies).items():
        sys.stdout.write(f"{name:14} AUC {value:.3f}\n")


def main(arguments: list[str] | None = None) -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m models.chest_ct.simulator", description="Simulated chest CT."
    )
    commands = parser.add_subparsers(required=True)
    write = commands.add_parser("write", help="one study of the plan as DICOM")
    write.add_argument("folder", type=Path)
    write.add_argument("--study", default="SIM00000-1")
    write.add_argument("--zip", action="store_true", help="as a ZIP")
    write.set_defaults(do=_write)
    measure = commands.add_parser("difficulty", help="AUC of the mean density alone")
    measure.add_argument("--studies", type=int, default=200)
    measure.set_defaults(do=_difficulty)
    options = parser.parse_args(arguments)
    options.do(options)


if __name__ == "__main__":
    main()
