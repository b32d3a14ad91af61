"""Run the five layers of tests in order, each to its end, and say which failed and how long each took."""

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


def main() -> int:
    rows = []
    for n, (layer, what) in enumerate(LAYERS.items(), 1):
        print(f"\n== Layer {n} of {len(LAYERS)}: {layer} ({what})", flush=True)
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
    sys.exit(main())
