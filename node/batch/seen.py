"""The files of a folder and of the ZIPs in it, put together into studies."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os.path import commonpath
from pathlib import Path

from models.volume.headers import read_headers
from node.batch.found import StudyFiles
from node.batch.zip_contents import HARMLESS, Contents, by_study, without_copies
from node.batch.zips import Member
from node.inbound.dataset import Identity


@dataclass(slots=True)
class Seen:
    """What lies in a folder and in the ZIPs in it, each file once.

    Attributes
    ----------
    images
        The files that say whose they are.
    loose
        The others on the disk.
    strangers
        The others in ZIPs in which images lie, with the reason code.
    members
        Where in its ZIP each file lies that lies in one.
    empty
        The ZIPs without a study, and why.
    by_study
        The images, without what a node of this kind made.
    """

    images: dict[Path, Identity]
    loose: list[Path]
    strangers: dict[Path, str] = field(default_factory=dict)
    members: dict[Path, Member] = field(default_factory=dict)
    empty: dict[Path, str] = field(default_factory=dict)
    by_study: dict[str, list[Path]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        files: Sequence[Path],
        images: dict[Path, Identity],
        zips: Sequence[Contents],
    ) -> Seen:
        """Put together what was found."""
        seen = cls(dict(images), [file for file in files if file not in images])
        for contents in without_copies(zips):
            if why := contents.without_study:
                seen.empty[contents.path] = why
            else:
                seen.images |= contents.images
                seen.strangers |= contents.strangers
                seen.members |= contents.members
        seen.by_study = by_study(seen.images)
        return seen

    def studies(self) -> Iterator[StudyFiles]:
        """Yield the studies; beside each, what may be a damaged image of it.

        That is what lies in a folder with images of this study and of no other. Among
        the images of several it is nobody's: one file would spoil them all.
        """
        in_zip = Counter(
            archive for paths in self.by_study.values() for archive in self._zips(paths)
        )
        owners = self._owners()
        for uid, paths in self.by_study.items():
            beside = tuple(
                file for file in self._doubtful() if owners.get(file.parent) == {uid}
            )
            yield StudyFiles(
                uid,
                self._place(paths, in_zip),
                tuple((path, self.images[path]) for path in paths),
                beside,
                {f: self.members[f] for f in (*paths, *beside) if f in self.members},
            )

    def damaged(self) -> dict[Path, str]:
        """Return the files that were images once, with the reason code."""
        _, refused = read_headers(self.loose, threads=1)
        told = dict(refused) | self.strangers
        return {path: reason for path, reason in told.items() if reason not in HARMLESS}

    def _owners(self) -> dict[Path, set[str]]:
        """Return whose images lie in each folder."""
        owners: dict[Path, set[str]] = defaultdict(set)
        for uid, paths in self.by_study.items():
            for path in paths:
                owners[path.parent].add(uid)
        return owners

    def _doubtful(self) -> Iterator[Path]:
        """Yield what may be a damaged image; a loose file the worker will judge."""
        yield from self.loose
        for path, reason in self.strangers.items():
            if reason not in HARMLESS:
                yield path

    def _zips(self, paths: Sequence[Path]) -> set[Path]:
        """Return the ZIPs in which some of the files lie."""
        return {self.members[p].archive.path for p in paths if p in self.members}

    def _place(self, paths: Sequence[Path], in_zip: Mapping[Path, int]) -> Path:
        """Return the file, the ZIP of one study, or the deepest folder of all files.

        A study that lies in several ZIPs, and nowhere else, names them all.
        """
        zips = sorted(self._zips(paths))
        if zips and all(path in self.members for path in paths):
            common = Path(commonpath({each.parent for each in zips}))
            if len(zips) > 1 or in_zip[zips[0]] == 1:
                return common / " + ".join(str(z.relative_to(common)) for z in zips)
        if len(paths) == 1:
            return paths[0]
        return Path(commonpath({path.parent for path in paths}))
