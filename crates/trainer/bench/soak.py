"""Trains the digits MLP for 100,000 updates, and sees that nothing piles up: memory, open files, threads.

    cargo build --release -p trainer && python crates/trainer/bench/soak.py [UPDATES]

Linux only. Memory at the end must be within 5 % of that after 5,000 updates; files and threads must be as many.
"""

import pathlib
import subprocess
import sys
import tempfile
import time

TRAINER = pathlib.Path(__file__).parents[3] / "target/release/trainer"
EARLY = 5_000


def updates_made(metrics):
    """The number in the last whole row."""
    try:
        with open(metrics, "rb") as file:
            file.seek(max(0, file.seek(0, 2) - 4096))
            rows = file.read().split(b"\n")[:-1]
        return int(rows[-1].split(b",")[0]) + 1
    except (OSError, IndexError, ValueError):
        return 0


def look(process):
    """Kilobytes of memory, open files, threads."""
    of = pathlib.Path(f"/proc/{process.pid}")
    status = (of / "status").read_text().splitlines()
    memory = next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
    return {
        "kilobytes": memory,
        "files": len(list((of / "fd").iterdir())),
        "threads": len(list((of / "task").iterdir())),
    }


def main():
    updates = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        settings = [f"train.length={updates}", "checkpoint.every=1000"]
        command = [TRAINER, "train", "--name=a", *(f"--set={setting}" for setting in settings)]
        begun = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        early = late = None
        while process.poll() is None:
            made = updates_made(pathlib.Path(folder) / "runs/a/metrics.csv")
            if made >= updates:
                break
            try:
                seen = look(process)
            except (OSError, StopIteration):
                break
            if early is None and made >= EARLY:
                early = made, seen
            late = made, seen
            time.sleep(0.02)
        assert process.wait() == 0, process.returncode
        seconds = time.monotonic() - begun
    for made, seen in early, late:
        print(f"after {made:7} updates: {seen['kilobytes']} kB, {seen['files']} files, {seen['threads']} threads")
    growth = late[1]["kilobytes"] / early[1]["kilobytes"] - 1
    print(f"memory {100 * growth:+.2f} %, {updates} updates in {seconds:.0f} s")
    assert late[0] > 0.95 * updates, "the end was not seen"
    assert abs(growth) < 0.05, "memory has grown"
    assert late[1]["threads"] <= early[1]["threads"], "a thread is left over"
    # One may be open for a moment while a state is saved.
    assert late[1]["files"] <= early[1]["files"] + 1, "a file is left open"


main()
