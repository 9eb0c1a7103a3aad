#!/usr/bin/env python3
"""Tests run.py on small shell programs: it must accept what fits and refuse what does not."""

import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TWO_LINES = "echo one >&2; echo two >&2; exit 2"

# name, shell program, first lines of the source, whether run.py must accept
CASES = [
    ("status and text in order", TWO_LINES,
     "// expect-exit: 2\n// expect-stderr: one\n// expect-stderr: two", True),
    ("wrong status", TWO_LINES, "// expect-exit: 0", False),
    ("text out of order", TWO_LINES,
     "// expect-exit: 2\n// expect-stderr: two\n// expect-stderr: one", False),
    ("text missing", TWO_LINES, "// expect-exit: 2\n// expect-stderr: three", False),
    ("text on the wrong stream", TWO_LINES, "// expect-exit: 2\n// expect-stdout: one", False),
    ("forbidden text", TWO_LINES, "// expect-exit: 2\n// expect-not: two", False),
    ("prose between the wishes", TWO_LINES, "// It dies.\n// expect-exit: 2\n// Really.", True),
    ("wish after the first comment is not read", TWO_LINES, "\n// expect-exit: 2", False),
    ("no wish at all", "exit 0", "// prose", False),
    ("misspelt wish", TWO_LINES, "// expect-exit: 2\n// expect-stdrr: three", False),
    ("killed by a signal", "kill -ABRT $$", "// expect-signal: ABRT", True),
    ("a signal is no exit status", "kill -ABRT $$", "// expect-exit: 6", False),
    ("hang", "sleep 30", "// expect-exit: 0\n// timeout: 0.3", False),
    ("environment and arguments", 'test "$X$1" = "a bc d"',
     "// expect-exit: 0\n// env: X=a b\n// args: 'c d'", True),
    ("our variables are removed", 'test -z "$GOMAXPROCS"', "// expect-exit: 0", True),
    ("signal once ready",
     "trap 'echo got >&2; exit 3' QUIT; echo ready; while :; do sleep 0.05; done",
     "// expect-exit: 3\n// signal-after-ms: 10 QUIT\n// expect-stderr: got", True),
    ("never ready", "exit 3", "// expect-exit: 3\n// signal-after-ms: 10 QUIT", False),
    ("unknown build", "exit 0", "// expect-exit: 0\n// not-under: tsn", False),
    ("unknown only build", "exit 0", "// expect-exit: 0\n// only-under: chekd", False),
    ("no build at all", "exit 0", "// expect-exit: 0\n// only-under:", False),
    ("misspelt only-under", "exit 0", "// expect-exit: 0\n// only-undr: checked", False),
    ("known build", "exit 0", "// expect-exit: 0\n// only-under: checked", True),
]


def main():
    bad = 0
    env = dict(os.environ, GOMAXPROCS="3")
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "program")
        source = os.path.join(folder, "source.cc")
        for name, shell, head, accept in CASES:
            with open(program, "w", encoding="utf-8") as f:
                f.write(f"#!/bin/bash\n{shell}\n")
            os.chmod(program, 0o755)
            with open(source, "w", encoding="utf-8") as f:
                f.write(head + "\nint main() {}\n")
            result = subprocess.run([sys.executable, os.path.join(HERE, "run.py"), program, source],
                                    capture_output=True, text=True, env=env, check=False)
            if (result.returncode == 0) != accept:
                bad += 1
                print(f"{name}: exit {result.returncode}\n{result.stdout}{result.stderr}")
    print(f"{len(CASES) - bad} of {len(CASES)} cases as expected")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
