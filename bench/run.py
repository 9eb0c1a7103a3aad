#!/usr/bin/env python3
"""Runs every benchmark of gort beside its Go twin and its peers, and prints one table.

The peers, each where it has the operation and is installed: Boost.Fiber, bdwgc (the collector of
Boehm, Demers and Weiser), mimalloc, OpenJDK. Each sub-benchmark runs in a process of its own (what
is "first" must be first, and memory starts at nothing), the implementations take turns (gort, Go,
Boost, ..., gort, Go, ...) so that a change in the machine's mood meets all of them, with one and
with two processors, and the whole goes round a few times. A time is the minimum over the rounds, a
percentile the median.

Each line carries a hash of what was computed. All runs of a row must agree in it, whatever the
language: a difference ends the program with status 1, as does a gort or Go program that fails. A
missed target is marked MISS and changes no status, for it says as much about the machine as about
the code. Failures of peers are shown in their column.

The C++ programs come from the build directory; the Go twins are built here, into build/bench-go,
the Java ones into build/bench-java. What the rows are: rows.py.
"""

import argparse
import fnmatch
import glob
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from rows import rows

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BENCH = os.path.join(ROOT, "bench")
PEERS = ("boost", "bdwgc", "mimalloc", "java")
IMPLEMENTATIONS = ("gort", "go") + PEERS
TIMEOUT_SECONDS = 300


def find_go():
    """The newest Go of those that Debian keeps side by side, else the one in the path."""
    def version(path):
        return [int(n) for n in re.findall(r"\d+", path)]
    side_by_side = sorted(glob.glob("/usr/lib/go-*/bin/go"), key=version)
    return side_by_side[-1] if side_by_side else shutil.which("go")


def build_twins(go, programs):
    """Builds the twin of each program; each is x.go with harness.go, needing nothing else."""
    out = os.path.join(ROOT, "build", "bench-go")
    os.makedirs(out, exist_ok=True)
    environment = dict(os.environ, CGO_ENABLED="0", GOFLAGS="-mod=mod", GOPROXY="off",
                       GOTOOLCHAIN="local", GOCACHE=os.path.join(out, "cache"))
    for program in sorted(programs):
        subprocess.run([go, "build", "-o", os.path.join(out, program), f"{program}.go",
                        "harness.go"], cwd=BENCH, env=environment, check=True)
    return out


def build_java(names):
    """Compiles x.java with harness.java, for each that exists; returns the commands by program."""
    names = sorted(n for n in names if os.path.exists(os.path.join(BENCH, f"{n}.java")))
    if not names or not shutil.which("javac"):
        return {}
    out = os.path.join(ROOT, "build", "bench-java")
    subprocess.run(["javac", "-d", out, "harness.java"] + [f"{n}.java" for n in names],
                   cwd=BENCH, check=True)
    return {n: ["java", "-XX:+UseG1GC", "-Xmx4g", "-cp", out, n.capitalize()] for n in names}


class Results:
    """What the runs printed: values by row, implementation and P; hashes by row; failures."""

    def __init__(self):
        self.values = {}
        self.units = {}
        self.hashes = {}
        self.failures = {}

    def add(self, name, implementation, procs, value, unit, result_hash):
        self.values.setdefault((name, implementation, procs), []).append(value)
        self.units[name] = unit
        self.hashes.setdefault(name, {}).setdefault(result_hash, set()).add(
            f"{implementation} at P={procs}")

    def fail(self, row_run, implementation, procs, why):
        self.failures[(row_run, implementation, procs)] = why

    def has_failed(self, row_run, implementation, procs):
        return (row_run, implementation, procs) in self.failures

    def value(self, row, implementation, procs):
        measured = self.values.get((row.name, implementation, procs))
        if not measured:
            return None
        return min(measured) if row.pick == "min" else statistics.median(measured)

    def complaints(self):
        lines = []
        for name, seen in self.hashes.items():
            if len(seen) > 1:
                by_hash = "; ".join(f"{h}: {', '.join(sorted(w))}" for h, w in sorted(seen.items()))
                lines.append(f"hash mismatch in {name}: {by_hash}")
        for (run, implementation, procs), why in self.failures.items():
            if implementation not in PEERS:
                lines.append(f"{implementation} {run} at P={procs}: {why}")
        return lines


def run_process(command, environment):
    """Runs it; returns status, stdout, stderr, and wall, cpu (s) and resident (MB) of the whole."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        start = time.monotonic()
        child = subprocess.Popen(command, env=environment, stdout=out, stderr=errors)
        late = threading.Timer(TIMEOUT_SECONDS, child.kill)
        late.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
        late.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        if wall > TIMEOUT_SECONDS:
            return None, "", "", {}
        out.seek(0)
        errors.seek(0)
        whole = {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime,
                 "resident": usage.ru_maxrss * 1024 / 1e6}
        return child.returncode, out.read(), errors.read(), whole


def command_of(command, implementation, procs, run, small):
    command = [command] if isinstance(command, str) else list(command)
    if implementation == "java":
        command.insert(1, f"-XX:ActiveProcessorCount={procs}")
    return command + [run] + (["--small"] if small else [])


def run_once(results, command, implementation, program, run, procs, small):
    """Runs one sub-benchmark once; it must print exactly its rows and end with status 0."""
    environment = {k: v for k, v in os.environ.items()
                   if k not in ("GOGC", "GOMEMLIMIT", "GODEBUG", "GOTRACEBACK")}
    environment["GOMAXPROCS"] = environment["GC_MARKERS"] = str(procs)
    label = f"{program} {run}"
    status, output, errors, whole = run_process(
        command_of(command, implementation, procs, run, small), environment)
    if status is None:
        results.fail(label, implementation, procs, f"still running after {TIMEOUT_SECONDS} s")
        return
    if status != 0:
        first_lines = " | ".join(errors.strip().splitlines()[:3])
        results.fail(label, implementation, procs, f"status {status}: {first_lines}")
        return
    of_run = [row for row in rows() if (row.program, row.run) == (program, run)
              and implementation in (row.only or IMPLEMENTATIONS)]
    lines = [line.split() for line in output.splitlines()]
    printed = {line[0] for line in lines if len(line) == 4}
    expected = {row.name if row.of == "line" else "result" for row in of_run}
    if printed != expected and not (implementation in PEERS and printed and printed < expected):
        results.fail(label, implementation, procs, f"printed {output!r}")
        return
    for name, value, unit, result_hash in lines:
        if name != "result":
            results.add(name, implementation, procs, float(value), unit, result_hash)
            continue
        for row in of_run:
            if row.of != "line":
                results.add(row.name, implementation, procs, whole[row.of],
                            "MB" if row.of == "resident" else "s", result_hash)


def run_all(wanted, programs_of, rounds, procs_list, small):
    """programs_of[implementation] maps a program's name to its path or command."""
    results = Results()
    runs = []
    for row in wanted:
        key = (row.program, row.run)
        if key not in [r[:2] for r in runs]:
            runs.append((*key, row.procs))
    for turn in range(rounds):
        for program, run, row_procs in runs:
            for procs in [p for p in procs_list if p in row_procs]:
                for implementation in IMPLEMENTATIONS:
                    command = programs_of.get(implementation, {}).get(program)
                    label = f"{program} {run}"
                    if command is None or results.has_failed(label, implementation, procs):
                        continue
                    if implementation in PEERS and run not in peer_runs(program, implementation):
                        continue
                    progress(f"round {turn + 1}/{rounds}: {implementation} {run} P={procs}")
                    run_once(results, command, implementation, program, run, procs, small)
    progress("")
    return results


def peer_runs(program, implementation, cache={}):
    """The sub-benchmarks that the peer has: the names in its table."""
    name = f"{program}.java" if implementation == "java" else f"{program}_{implementation}.cc"
    if name not in cache:
        with open(os.path.join(BENCH, name), encoding="utf-8") as source:
            cache[name] = set(re.findall(r'^ +(?:\{|case )"(\w+)"(?:, | ->)', source.read(), re.M))
    return cache[name]


def progress(text):
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K" + text)
        sys.stderr.flush()


def number(value):
    if value is None:
        return "-"
    if value >= 1000:
        return f"{value:.0f}"
    return f"{value:.3g}"


def judge(row, results, procs_list):
    """The ratios to Go by P, the target as text, and ok, MISS or nothing."""
    ratios, verdicts = {}, []
    for procs in [p for p in procs_list if p in row.procs]:
        ours = results.value(row, "gort", procs)
        if row.against:
            other = next(r for r in rows() if r.name == row.against)
            theirs = results.value(other, "gort", procs)
        else:
            theirs = results.value(row, "go", procs)
        if ours is None:
            continue
        if theirs:
            ratios[procs] = ours / theirs
        if row.target and procs in ratios:
            limit = row.target[min(procs, len(row.target)) - 1]
            verdicts.append(round(ratios[procs], 2) <= limit)
        if row.at_most is not None:
            verdicts.append(ours <= row.at_most)
        peer = results.value(row, row.below, procs) if row.below else None
        if peer is not None:
            verdicts.append(ours < peer)
    verdict = "" if not verdicts else ("ok" if all(verdicts) else "MISS")
    return ratios, target_text(row, results.units.get(row.name, "")), verdict


def target_text(row, unit):
    texts = []
    if row.target:
        texts.append(" / ".join(f"{t:.2f}" for t in sorted(set(row.target), key=row.target.index)))
    if row.against:
        texts[-1] += f" x {row.against}"
    if row.at_most is not None:
        texts.append(f"<= {row.at_most:g} {unit}".rstrip())
    if row.below:
        texts.append(f"< {row.below}")
    return ", ".join(texts)


def cell(row, implementation, results, procs_list):
    label = f"{row.program} {row.run}"
    texts = []
    for procs in [p for p in procs_list if p in row.procs]:
        failed = results.has_failed(label, implementation, procs)
        texts.append("died" if failed else number(results.value(row, implementation, procs)))
    return "" if set(texts) == {"-"} else " / ".join(texts)


def peers_cell(row, results, procs_list):
    cells = [(peer, cell(row, peer, results, procs_list)) for peer in PEERS]
    return ", ".join(f"{peer} {text}" for peer, text in cells if text)


def print_table(wanted, results, procs_list):
    title = " / ".join(f"P={p}" for p in procs_list)
    table = [["benchmark", "unit", f"gort {title}", "Go", "peers",
              "gort/Go P=1", "P=2", "target", ""]]
    for row in wanted:
        ratios, target, verdict = judge(row, results, procs_list)
        table.append([row.name, results.units.get(row.name, "")]
                     + [cell(row, i, results, procs_list) for i in ("gort", "go")]
                     + [peers_cell(row, results, procs_list)]
                     + [f"{ratios[p]:.2f}" if p in ratios else "" for p in (1, 2)]
                     + [target, verdict])
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    for index, line in enumerate(table):
        print(" | ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip())
        if index == 0:
            print("-|-".join("-" * width for width in widths))
    verdicts = [line[-1] for line in table]
    print(f"\n{verdicts.count('ok')} ok, {verdicts.count('MISS')} missed")


def write_json(path, wanted, results, procs_list):
    document = []
    for row in wanted:
        ratios, target, verdict = judge(row, results, procs_list)
        document.append({
            "benchmark": row.name, "unit": results.units.get(row.name), "target": target,
            "verdict": verdict, "ratio": {str(p): r for p, r in ratios.items()},
            "values": {i: {str(p): results.values.get((row.name, i, p), []) for p in row.procs}
                       for i in IMPLEMENTATIONS},
            "hashes": sorted(results.hashes.get(row.name, {})),
        })
    with open(path, "w", encoding="utf-8") as out:
        json.dump(document, out, indent=1)
        out.write("\n")


def find_programs(options, wanted):
    """For each implementation asked for, the programs that exist; gort's must, all of them."""
    names = {row.program for row in wanted}
    found = {}
    if "gort" in options.impl:
        found["gort"] = {n: os.path.join(options.build_dir, f"bench_{n}") for n in names}
        missing = [p for p in found["gort"].values() if not os.path.exists(p)]
        if missing:
            sys.exit(f"run.py: no {missing[0]}: build the release preset first")
    if "go" in options.impl:
        go = options.go or find_go()
        if go:
            out = build_twins(go, names)
            found["go"] = {n: os.path.join(out, n) for n in names}
        elif options.small:
            print("run.py: no Go found: its twins are not compared")
        else:
            sys.exit("run.py: no Go found: install golang, or leave it out with --impl gort,boost")
    for peer in [p for p in PEERS if p in options.impl and p != "java"]:
        paths = {n: os.path.join(options.build_dir, f"bench_{n}_{peer}") for n in names}
        found[peer] = {n: p for n, p in paths.items() if os.path.exists(p)}
    if "java" in options.impl:
        found["java"] = build_java(names)
    return {implementation: programs for implementation, programs in found.items() if programs}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--only", metavar="PATTERN", help="rows that match, as in 'select*'")
    parser.add_argument("--small", action="store_true", help="tiny sizes, one round, hashes only")
    parser.add_argument("--json", metavar="FILE", help="also write every value")
    parser.add_argument("--build-dir", default=os.path.join(ROOT, "build", "release"))
    parser.add_argument("--impl", default=",".join(IMPLEMENTATIONS),
                        type=lambda text: text.split(","), help="which to run, by commas")
    parser.add_argument("--procs", default="1,2",
                        type=lambda text: [int(p) for p in text.split(",")])
    parser.add_argument("--go", metavar="PATH", help="the go command")
    options = parser.parse_args()

    wanted = [r for r in rows() if not options.only or fnmatch.fnmatch(r.name, options.only)]
    if not wanted:
        sys.exit(f"run.py: no benchmark matches {options.only}")
    programs_of = find_programs(options, wanted)
    load = os.getloadavg()[0]  # over the last minute, before anything here runs
    results = run_all(wanted, programs_of, 1 if options.small else options.rounds,
                      options.procs, options.small)
    if options.small:
        print(f"{len(results.hashes)} results compared between {', '.join(programs_of)}")
    else:
        print_table(wanted, results, options.procs)
        if load > 0.5:
            print(f"the machine was busy with other work when this began (load {load:.1f}): "
                  "compare nothing closely")
    if options.json:
        write_json(options.json, wanted, results, options.procs)
    complaints = results.complaints()
    for line in complaints:
        print(line, file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
