"""Runs attacks as whoever starts it and prints, as JSON, what does not hold: ``python as_user.py NAME ...``."""

import json
import sys

import reaches
import resources
import verdicts

from linewise.execution.bubblewrap import BubblewrapSandbox


def main(names: list[str]) -> None:
    attacks = [one for one in (*resources.ATTACKS, *reaches.ATTACKS, *verdicts.ATTACKS) if one.name in names]
    assert {one.name for one in attacks} == set(names), "an attack has another name now"
    with BubblewrapSandbox(workers=1) as sandbox:
        print(json.dumps({one.name: said for one in attacks if (said := one.objection(one.run(sandbox)))}))


main(sys.argv[1:])
