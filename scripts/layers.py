"""Run the five layers of tests in order, each to its end, and say which failed and how long each took.

    python scripts/layers.py [LAYER ...]
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAYERS = {
    "rules": "what every chapter and file must look like",
    "unit": "closed forms, properties, brute force",
    "oracles": "independent implementations",
    "notebooks": "every chapter runs, and prints the numbers it printed",
    "site": "the built pages in a real browser",
}


def main(names: list[str]) -> int:
    if unknown := set(names) - set(LAYERS):
        print(f"error: LAYER is {unknown.pop()!r}, expected one of {', '.join(LAYERS)}.", file=sys.stderr)
        return 2
    rows = []
    for layer in names or LAYERS:
        print(f"\n== {layer}: {LAYERS[layer]}", flush=True)
        start = time.perf_counter()
        command = [sys.executable, "-m", "pytest", f"tests/{layer}", "--durations=3"]
        code = subprocess.run(command, cwd=ROOT).returncode
        verdict = "passed" if code == 0 else "FAILED" if code != 5 else "FAILED: no tests found"
        rows.append((layer, time.perf_counter() - start, verdict))
    print()
    for layer, seconds, verdict in rows:
        print(f"{layer:10s} {seconds:6.0f} s  {verdict}")
    print(f"{'all':10s} {sum(row[1] for row in rows):6.0f} s")
    return int(any(verdict != "passed" for *_, verdict in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
