"""Nothing lost, nothing stored twice, nothing flipped, whatever the server does: planner against schedules of faults.

``REPLAY_SEEDS=20000 python -m pytest tests/test_replay.py`` runs more of them; ``REPLAY_SEED=7`` one.
"""

from __future__ import annotations

import os
from collections import Counter

from replay import broken_promises, replay

from clarifai_http_annotations.upload.work import Became

FIRST, MANY = (int(os.environ["REPLAY_SEED"]), 1) if "REPLAY_SEED" in os.environ else (0, 1000)
SEEDS = range(FIRST, FIRST + int(os.environ.get("REPLAY_SEEDS", MANY)))


def test_an_upload_keeps_its_promises_under_any_schedule_of_faults() -> None:
    seen: Counter[Became] = Counter()
    for seed in SEEDS:
        run = replay(seed)
        broken = broken_promises(run)
        assert not broken, f"REPLAY_SEED={seed}: {broken[:3]}"
        seen.update(entry.became for entry in run.settled)
    if len(SEEDS) >= 100:
        assert seen.keys() >= set(Became) - {Became.SKIPPED}  # the schedules reach every class
