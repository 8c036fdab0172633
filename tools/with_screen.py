"""Run a command on a screen, a virtual one where there is Xvfb, with the system packages that Qt 6 needs.

    python tools/with_screen.py --qt pyside6 python -m pytest
    python tools/with_screen.py --advise          # install nothing, only name what is missing

On Debian and Ubuntu missing packages are installed where that needs no password, and named otherwise.
Standard library only: tox calls it, and so can anybody.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys

# What a minimal Debian lacks for a napari window, real OpenGL and an X server to draw it on. On newer
# releases some are called <name>t64; apt-get takes the old name for them.
PACKAGES = (
    *("libgl1", "libegl1", "libfontconfig1", "libglib2.0-0", "libdbus-1-3"),
    *("libxkbcommon0", "libxkbcommon-x11-0"),
    *("libxcb-cursor0", "libxcb-icccm4", "libxcb-keysyms1", "libxcb-shape0"),
    *("xvfb", "xauth"),
)
APT_INSTALL = ["apt-get", "install", "-y", "--no-install-recommends"]


def missing_packages() -> list[str]:
    """Return those of PACKAGES that are not installed; none where there is no apt-get to ask."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-query")):
        return []
    query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n"]
    lines = subprocess.run(query, check=True, capture_output=True, text=True).stdout.splitlines()
    installed = {name for name, status in map(str.split, lines) if status == "installed"}
    return [name for name in PACKAGES if not {name, f"{name}t64"} & installed]


def may_install() -> bool:
    """Whether packages can be installed without asking anybody for a password."""
    if os.geteuid() == 0:
        return True
    return bool(shutil.which("sudo")) and subprocess.run(["sudo", "-n", "true"], check=False).returncode == 0


def install(packages: list[str]) -> bool:
    """Install system packages; False when that failed."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    prefix += ["env", "DEBIAN_FRONTEND=noninteractive"]
    print(f"with_screen: installing {' '.join(packages)}", flush=True)
    # A stale list of packages is the usual reason for a failed install; a failed update need not be one.
    subprocess.run([*prefix, "apt-get", "update", "-qq"], check=False)
    return subprocess.run([*prefix, *APT_INSTALL, "-qq", *packages], check=False).returncode == 0


def prepare(advise_only: bool) -> None:
    """Install what is missing, or print the one line that does."""
    missing = missing_packages()
    if missing and (advise_only or not may_install() or not install(missing)):
        print(f"with_screen: for a window, run: sudo {' '.join([*APT_INSTALL, *missing])}", flush=True)


def run(command: list[str], qt: str | None) -> int:
    """Run the command, under xvfb-run on Linux where it is installed; return its exit status."""
    env = dict(os.environ)
    if qt:  # pytest-qt would otherwise pick a binding of its own when two are installed
        env |= {"QT_API": qt, "PYTEST_QT_API": qt}
    if sys.platform.startswith("linux"):
        if shutil.which("xvfb-run"):
            command = ["xvfb-run", "-a", "-s", "-screen 0 1600x1200x24", *command]
            env.pop("WAYLAND_DISPLAY", None)
            env["QT_QPA_PLATFORM"] = "xcb"
        elif not has_screen():
            print("with_screen: no screen here, neither a real one nor Xvfb", flush=True)
            return 1
    return subprocess.run(command, env=env, check=False).returncode


def has_screen() -> bool:
    """Whether a real screen is there; macOS and Windows are taken to have one."""
    return not sys.platform.startswith("linux") or bool({"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ))


def main() -> int:
    """Parse the arguments, prepare the system, run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--qt", choices=("pyqt6", "pyside6"), help="the Qt binding to use")
    parser.add_argument("--advise", action="store_true", help="install nothing")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    # Advice is for somebody who sits at a screen; on a headless machine no window will open anyway.
    if sys.platform.startswith("linux") and (has_screen() or not args.advise):
        prepare(args.advise)
    return run(args.command, args.qt) if args.command else 0


if __name__ == "__main__":
    sys.exit(main())
