"""Install this package into an environment where other plugins were first: nothing of theirs may be downgraded.

    tox run -e beside

Prints what was added and upgraded; fails where something went to an older release or away, where pip finds fault
with more than before, or where napari does not see the plugin.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from packaging.version import Version

ROOT = Path(__file__).parents[1]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
SEEN = "from npe2 import PluginManager as P; m = P.instance(); m.discover(); m.get_manifest('napari-blurmap')"


def installed() -> dict[str, Version]:
    """Return what is installed, and which release."""
    answer = subprocess.run([*PIP, "list", "--format", "json"], check=True, capture_output=True, text=True).stdout
    return {each["name"].lower(): Version(each["version"]) for each in json.loads(answer)}


def faults() -> set[str]:
    """Return what pip says of releases that do not fit together."""
    return set(subprocess.run([*PIP, "check"], check=False, capture_output=True, text=True).stdout.splitlines())


def changes(before: dict[str, Version], after: dict[str, Version]) -> tuple[list[str], list[str]]:
    """Return what is new or newer, and what is older or gone."""
    good, bad = [], []
    for name in sorted(before | after):
        was, now = before.get(name), after.get(name)
        if was != now:
            fine = now is not None and (was is None or now > was)
            (good if fine else bad).append(f"{name} {was or 'none'} -> {now or 'none'}")
    return good, bad


def main() -> int:
    """Install, compare, tell."""
    before, faults_before = installed(), faults()
    subprocess.run([*PIP, "install", "--quiet", str(ROOT)], check=True)
    good, bad = changes(before, installed())
    bad += sorted(faults() - faults_before - {"No broken requirements found."})
    print("\n".join(["new or newer:", *good, "older, gone or broken:", *(bad or ["nothing"])]))
    return 1 if bad else subprocess.run([sys.executable, "-c", SEEN], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
