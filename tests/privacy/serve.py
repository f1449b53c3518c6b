"""The command ``pacs-node`` with a stand-in model, as a program of its own.

``python -m tests.privacy.serve run`` and so on. Worker processes import this module as
well, which is how the model comes into them. The umask is the worst that there is.
"""

from __future__ import annotations

import os

import models
from tests.node.jobs import stand_in

if __name__ in {"__main__", "__mp_main__"}:  # the latter: in a worker
    models.MODELS["hippocampus"] = f"{stand_in.__name__}:build"
if __name__ == "__main__":
    from node.__main__ import main

    os.umask(0)
    main()
