"""Start-up of the commands that are typed most, beside the bare interpreter.

    python -m benchmarks.startup [ROUNDS]

Prints the median wall time of a whole process, and its ratio to ``python -c pass``. The commands
take turns, so that a slow moment of the machine strikes all alike.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sample_data.results import build_results

TARGET = 8.0
SCREENER = "from screener.cli.main import main; main()"


def seconds(arguments: list[str], environment: dict[str, str]) -> float:
    """Wall time of one process."""
    began = time.perf_counter()
    subprocess.run(arguments, stdout=subprocess.DEVNULL, env=environment, check=True)
    return time.perf_counter() - began


def main() -> None:
    """Measure and print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SCREENER_DATA_DIR"] = folder
        results = str(build_results(Path(folder) / "results", studies=400))
        completing = {
            "_SCREENER_COMPLETE": "bash_complete", "COMP_WORDS": "screener li", "COMP_CWORD": "1",
        }  # fmt: skip
        cases = {
            "python -c pass": (["-c", "pass"], {}),
            "screener --help": (["-c", SCREENER, "--help"], {}),
            "screener li<TAB>": (["-c", SCREENER], completing),
            "screener list, 400 studies": (["-c", SCREENER, "list", results], {}),
            "screener show 1": (["-c", SCREENER, "show", "1", "--results", results], {}),
            "import rich.table": (["-c", "import rich.console, rich.table"], {}),
        }
        taken: dict[str, list[float]] = {name: [] for name in cases}
        for _ in range(rounds):
            for name, (arguments, extra) in cases.items():
                taken[name].append(seconds([sys.executable, *arguments], os.environ | extra))
    bare = statistics.median(taken["python -c pass"])
    print("| process | median, ms | times bare |\n|---|---|---|")
    for name, values in taken.items():
        median = statistics.median(values)
        print(f"| {name} | {1000 * median:.1f} | {median / bare:.1f} |")
    print(f"\nTarget for --help and list: at most {TARGET:.0f} times the bare interpreter.")


if __name__ == "__main__":
    main()
