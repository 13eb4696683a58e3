"""Makes ``.venv-peers``, where the tools we compare with live, so that none of them becomes a dependency.

Run with ``python benchmarks/peers.py``; a peer that does not install is reported and left out of the tables.
"""

import subprocess
import sys
import venv

from _harness import ROOT

PEERS = (
    "datasketch==1.6.5", "semhash", "rensa", "scikit-learn", "polars", "psutil", "cleanlab[datalab]", "presidio-analyzer",
    "datatrove[processing]",
)  # fmt: skip


def main() -> None:
    folder = ROOT / ".venv-peers"
    if not folder.exists():
        venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    for package in PEERS:
        done = subprocess.run([*pip, package], capture_output=True, text=True, check=False)
        said = "" if done.returncode == 0 else ": " + (done.stderr.strip().splitlines() or ["no message"])[-1]
        print(f"{package} {'installed' if done.returncode == 0 else 'not installed'}{said}", file=sys.stdout)


if __name__ == "__main__":
    main()
