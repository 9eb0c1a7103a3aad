#!/usr/bin/env python3
"""Runs an example: output.py PROGRAM [EXPECTED]. It must exit 0 and, if the file EXPECTED is given,
print exactly that on stdout."""

import difflib
import subprocess
import sys


def main():
    result = subprocess.run([sys.argv[1]], stdin=subprocess.DEVNULL, capture_output=True,
                            check=False)
    out = result.stdout.decode("utf-8", "replace")
    if result.returncode != 0:
        print(f"exit status {result.returncode}\n{out}\n{result.stderr.decode('utf-8', 'replace')}")
        return 1
    if len(sys.argv) > 2:
        with open(sys.argv[2], encoding="utf-8") as f:
            expected = f.read()
        if out != expected:
            sys.stdout.writelines(difflib.unified_diff(
                expected.splitlines(True), out.splitlines(True), sys.argv[2], "its output"))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
