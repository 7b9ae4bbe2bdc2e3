"""What Python's garbage collector takes of a short command: a small network trained for an epoch.

    python benchmarks/start.py [ROUNDS]

`kspec run` in a process of its own, as it is and with Python's own threshold, in turns. Printed: the medians of the
processor time in seconds, with quartiles, and of the largest memory.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

SPEC = """data: {sklearn: digits, validation: 0.25, test: 0.25, batch_size: 16}
model: {MLP: {hidden: [8]}}
training: {epochs: 1}
"""
COMMAND = """
import atexit, resource
from kspec.cli import main
atexit.register(lambda: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
main(["run", "small.yaml"])
"""
CODE = {
    "as it is": COMMAND,
    "Python's own": f"import gc; gc.set_threshold = lambda *given: None\n{COMMAND}",
}


def spent(code, folder):
    """Processor time in seconds and memory in MB of a process."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, int(done.stdout.split()[-1]) / 1024


def main():
    """Prints a line for each."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    taken = {name: [] for name in CODE}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "small.yaml").write_text(SPEC)
        for _ in range(rounds):
            for name, code in CODE.items():
                taken[name].append(spent(code, folder))
    for name, values in taken.items():
        seconds, memory = zip(*values, strict=True)
        low, middle, high = statistics.quantiles(seconds, n=4)
        print(f"{name:13} {middle:.2f} s ({low:.2f} to {high:.2f})  {statistics.median(memory):.0f} MB")


if __name__ == "__main__":
    main()
