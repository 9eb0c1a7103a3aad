#!/usr/bin/env python3
"""Runs one program of test/crash and judges how it died.

Usage: run.py [--build-kind KIND] [--emulator CMD] PROGRAM SOURCE

What must happen stands in the comment lines that open SOURCE, one wish a line:

  // expect-exit: 2            its exit status
  // expect-signal: ABRT       or the signal that ends it
  // expect-stderr: TEXT       occurs in stderr, each after the one before it
  // expect-stdout: TEXT       the same for stdout
  // expect-not: TEXT          occurs in neither
  // env: NAME=VALUE           added to its environment
  // args: a b c               its arguments
  // signal-after-ms: 300 QUIT waits for the line "ready" on stdout, then 300 ms, then sends SIGQUIT
  // timeout: 20               seconds until it counts as hung (20 if not given)
  // not-under: tsan qemu      builds in which CMake does not register it: asan tsan ubsan qemu
                            checked native
  // only-under: checked       the only builds in which it does

Other comment lines are prose; a line that looks like a wish but is none of these is an error, so
that a misspelt wish cannot pass. The variables that gort reads are taken out of the environment
first: the outcome depends on SOURCE alone.
"""

import argparse
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time

KINDS = {"native", "asan", "tsan", "ubsan", "qemu", "checked"}
OWN_VARIABLES = ("GOMAXPROCS", "GOGC", "GOMEMLIMIT", "GOTRACEBACK", "GODEBUG")
WISH = re.compile(r"^//\s*(expect-[a-z]+|env|args|signal-after-ms|timeout|not-under|only-under)"
                  r":\s*(.*?)\s*$")
MISSPELT = re.compile(r"^//\s*(expect[-_ ]?\w*|signal\w*[-\w]*|timeout|(not|only)[-_]\w+):",
                      re.IGNORECASE)


class Wishes:
    def __init__(self, path):
        self.exit = None
        self.signal = None
        self.stderr = []
        self.stdout = []
        self.absent = []
        self.env = {}
        self.args = []
        self.send = None  # (milliseconds, signal number)
        self.timeout = 20.0
        with open(path, encoding="utf-8") as f:
            for line in f:
                if not line.startswith("//"):
                    break
                self.take(line.rstrip("\n"))
        if self.exit is None and self.signal is None:
            sys.exit(f"{path}: no `// expect-exit:` or `// expect-signal:` in its first comment")

    def take(self, line):
        match = WISH.match(line)
        if not match:
            if MISSPELT.match(line):
                sys.exit(f"not a wish that run.py knows: {line}")
            return
        key, value = match.groups()
        if key == "expect-exit":
            self.exit = int(value)
        elif key == "expect-signal":
            self.signal = signal_number(value)
        elif key == "expect-stderr":
            self.stderr.append(value)
        elif key == "expect-stdout":
            self.stdout.append(value)
        elif key == "expect-not":
            self.absent.append(value)
        elif key == "env":
            name, _, setting = value.partition("=")
            self.env[name] = setting
        elif key == "args":
            self.args = shlex.split(value)
        elif key == "signal-after-ms":
            delay, name = value.split()
            self.send = (int(delay), signal_number(name))
        elif key == "timeout":
            self.timeout = float(value)
        elif key in ("not-under", "only-under"):  # CMake's to heed
            kinds = set(value.replace(",", " ").split())
            if not kinds or kinds - KINDS:
                sys.exit(f"{key}: unknown build in {value!r}; known: {' '.join(sorted(KINDS))}")
        else:
            sys.exit(f"not a wish that run.py knows: {line}")


def signal_number(name):
    return getattr(signal, "SIG" + name.removeprefix("SIG"))


def run(command, wishes):
    """Returns (exit status as subprocess tells it, stdout, stderr, what went wrong or None)."""
    env = {k: v for k, v in os.environ.items() if k not in OWN_VARIABLES}
    env.update(wishes.env)
    process = subprocess.Popen(command + wishes.args, stdin=subprocess.DEVNULL, env=env,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = [], []
    ready = threading.Event()

    def read_out():
        for line in process.stdout:
            out.append(line)
            if line.strip() == b"ready":
                ready.set()

    def read_err():
        for line in process.stderr:
            err.append(line)

    readers = [threading.Thread(target=read_out), threading.Thread(target=read_err)]
    for reader in readers:
        reader.start()
    deadline = time.monotonic() + wishes.timeout
    wrong = None
    if wishes.send:
        while not ready.wait(0.05):
            if process.poll() is not None or time.monotonic() > deadline:
                wrong = 'it never printed the line "ready" to be sent its signal'
                break
        else:
            time.sleep(wishes.send[0] / 1000)
            process.send_signal(wishes.send[1])
    try:
        process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        wrong = f"it still ran after {wishes.timeout:g} s"
        process.kill()
        process.wait()
    for reader in readers:
        reader.join()
    text = [b"".join(lines).decode("utf-8", "replace") for lines in (out, err)]
    return process.returncode, text[0], text[1], wrong


def judge(wishes, status, out, err):
    """Returns what differs from the wishes, a line each."""
    faults = []
    want = wishes.exit if wishes.signal is None else -wishes.signal
    if status != want:
        faults.append(f"ended with {name_of(status)}, expected {name_of(want)}")
    for stream, text, wanted in (("stderr", err, wishes.stderr), ("stdout", out, wishes.stdout)):
        at = 0
        for piece in wanted:
            found = text.find(piece, at)
            if found < 0:
                place = "out of order in" if piece in text else "missing from"
                faults.append(f"{place} {stream}: {piece}")
            else:
                at = found + len(piece)
    for piece in wishes.absent:
        if piece in out or piece in err:
            faults.append(f"printed what it must not: {piece}")
    return faults


def name_of(status):
    return f"exit status {status}" if status >= 0 else f"signal {signal.Signals(-status).name}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build-kind", choices=sorted(KINDS), default="native")
    parser.add_argument("--emulator", default="", help="command in front, words parted by ;")
    parser.add_argument("program")
    parser.add_argument("source")
    args = parser.parse_args()

    wishes = Wishes(args.source)
    command = [word for word in args.emulator.split(";") if word] + [args.program]
    status, out, err, wrong = run(command, wishes)
    faults = ([wrong] if wrong else []) + judge(wishes, status, out, err)
    if not faults:
        return 0
    print(f"{args.source}:")
    for fault in faults:
        print(f"  {fault}")
    for stream, text in (("stdout", out), ("stderr", err)):
        print(f"---- {stream} ----")
        print(text if len(text) < 20000 else text[:10000] + "\n[...]\n" + text[-10000:])
    return 1


if __name__ == "__main__":
    sys.exit(main())
