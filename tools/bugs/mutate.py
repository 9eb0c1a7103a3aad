#!/usr/bin/env python3
"""Plants bugs, one at a time, and sees whether the tests notice: `./dev mutate`, the test of tests.

Usage: mutate.py [NAME...]     only patches whose file names contain a NAME

A bug is a file x.patch beside this one: a unified diff (`patch -p1`) under a first line

  # WHAT IT BREAKS | [NAME=VALUE...] PROGRAM [ARGUMENT...] [; ANOTHER PROGRAM ...]

that says which test program should notice, with the doctest filter that keeps the run short, as in
`# a closed channel keeps a waiter | GOMAXPROCS=2 sync_test -tc=*close*`. A program crash_x runs as
its own head comment wishes (test/crash/run.py).

The tree is copied to a temporary folder and built there as the dev preset is. Every command must
pass on the healthy copy first, or else its failure would mean nothing. A bug is noticed if one of
its commands fails or still runs after TIMEOUT_S. A patch that does not apply, or does not compile,
is an error: it has rotted. Exit status 1 if a bug went unnoticed or a patch has rotted.
"""

import glob
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
COPIED = ("CMakeLists.txt", "CMakePresets.json", "LICENSE", "gort.pc.in", "cmake", "include", "src",
          "test", "tools")
TIMEOUT_S = 120


class Bug:
    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path).removesuffix(".patch")
        with open(path, encoding="utf-8") as f:
            first = f.readline().strip()
        self.what, bar, commands = first.lstrip("# ").partition("|")
        if not first.startswith("#") or not bar or not commands.strip():
            sys.exit(f"{path}: the first line is `# WHAT IT BREAKS | PROGRAM [ARGUMENT...]`")
        self.what = self.what.strip()
        self.commands = [Command(text) for text in commands.split(";")]


class Command:
    def __init__(self, text):
        self.text = text.strip()
        self.env = {}
        words = shlex.split(text)
        while words and "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            self.env[name] = value
        self.program, *self.args = words

    def run(self, tree):
        """Returns None if it passed, else how it failed."""
        program = os.path.join(tree, "build", "dev", self.program)
        command = [program, *self.args]
        if self.program.startswith("crash_"):
            folder = os.path.join(tree, "test", "crash")
            source = os.path.join(folder, self.program.removeprefix("crash_") + ".cc")
            command = [sys.executable, os.path.join(folder, "run.py"), program, source]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, env=dict(os.environ, **self.env),
                                   start_new_session=True)
        try:
            self.output = process.communicate(timeout=TIMEOUT_S)[0].decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)  # a crash test's program too
            process.communicate()
            return f"hung for {TIMEOUT_S} s"
        return None if process.returncode == 0 else f"exit status {process.returncode}"


def patch(tree, bug, *options):
    result = subprocess.run(["patch", "-p1", "-s", "-f", *options, "-i", bug.path], cwd=tree,
                            capture_output=True, text=True, check=False)
    return result.returncode == 0, result.stdout


def build(tree, programs):
    """Returns (whether it compiled, the last lines of the output)."""
    result = subprocess.run(["nice", "cmake", "--build", "--preset", "dev", "--target", *programs],
                            cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False)
    return result.returncode == 0, "\n".join(result.stdout.splitlines()[-30:])


def prepare(tree, bugs):
    """Copies, configures, builds, and runs every command on the healthy tree."""
    for name in COPIED:
        source = os.path.join(ROOT, name)
        if os.path.isdir(source):
            shutil.copytree(source, os.path.join(tree, name))
        else:
            shutil.copy(source, tree)
    subprocess.run(["cmake", "--preset", "dev", "-DGORT_BUILD_EXAMPLES=OFF",
                    "-DGORT_BUILD_BENCH=OFF"], cwd=tree, stdout=subprocess.DEVNULL, check=True)
    programs = sorted({command.program for bug in bugs for command in bug.commands})
    compiled, output = build(tree, programs)
    if not compiled:
        sys.exit(f"the healthy tree does not build {' '.join(programs)}:\n{output}")
    for text, command in {c.text: c for bug in bugs for c in bug.commands}.items():
        how = command.run(tree)
        if how:
            sys.exit(f"the healthy tree fails {text}: {how}\n{getattr(command, 'output', '')}")


def judge(tree, bug):
    """Plants one bug; returns (verdict, details)."""
    applied, output = patch(tree, bug)
    if not applied:
        return "DOES NOT APPLY", output
    try:
        compiled, output = build(tree, sorted({command.program for command in bug.commands}))
        if not compiled:
            return "DOES NOT COMPILE", output
        for command in bug.commands:
            how = command.run(tree)
            if how:
                return "noticed", f"{command.text}: {how}"
        return "NOT noticed", "by " + "; ".join(command.text for command in bug.commands)
    finally:
        patch(tree, bug, "-R")


def main():
    names = sys.argv[1:]
    bugs = [Bug(path) for path in sorted(glob.glob(os.path.join(HERE, "*.patch")))]
    bugs = [bug for bug in bugs if not names or any(name in bug.name for name in names)]
    if not bugs:
        sys.exit("no such patch in tools/bugs")
    noticed = 0
    with tempfile.TemporaryDirectory() as tree:
        prepare(tree, bugs)
        for bug in bugs:
            verdict, details = judge(tree, bug)
            noticed += verdict == "noticed"
            print(f"{bug.name}: {verdict}\n    {bug.what}\n    {details}", flush=True)
    print(f"{noticed} of {len(bugs)} planted bugs noticed")
    return 0 if noticed == len(bugs) else 1


if __name__ == "__main__":
    sys.exit(main())
