#!/usr/bin/env python3
"""Runs every benchmark of gort beside its Go twin and its Boost.Fiber peer, and prints one table.

A row is one number that a program prints. Each sub-benchmark runs in a process of its own (what is
"first" must be first, and memory starts at nothing), the implementations take turns (gort, Go,
Boost, gort, Go, ...) so that a change in the machine's mood meets all of them, with one and with
two processors, and the whole goes round a few times. A time is the minimum over the rounds, a
percentile the median.

Each line carries a hash of what was computed. All runs of a row must agree in it, whatever the
language: a difference ends the program with status 1, as does a gort or Go program that fails. A
missed target is marked MISS and changes no status, for it says as much about the machine as about
the code. Boost.Fiber's failures are shown in its column.

The C++ programs come from the build directory; the Go twins are built here, into build/bench-go.
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
from dataclasses import dataclass

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BENCH = os.path.join(ROOT, "bench")
IMPLEMENTATIONS = ("gort", "go", "boost")
TIMEOUT_SECONDS = 300


@dataclass
class Row:
    name: str  # what the line begins with
    program: str
    run: str  # the sub-benchmark that prints it
    target: tuple = None  # most times Go's at P=1, at P=2; or most bytes
    pick: str = "min"  # of the rounds: min or median
    procs: tuple = (1, 2)

    def is_bytes(self):
        return self.name.startswith("bytes_")


def rows():
    yields, ping, buffered, crowd = (0.15, 0.20), (0.20, 0.25), (0.35, 0.40), (0.5, 0.5)
    select, spawn, mesh, lock = (0.4, 0.4), (0.3, 0.3), (0.35, 0.40), (0.6, 0.8)
    timers, not_above = (0.4, 0.5), (1.0, 1.0)
    return [
        Row("yield_2", "switching", "yield_2", yields),
        Row("yield_100", "switching", "yield_100", yields),
        Row("pingpong", "switching", "pingpong", ping),
        Row("spsc_128", "switching", "spsc_128", buffered),
        Row("mpmc_128", "switching", "mpmc_128", crowd),
        Row("mpmc_0", "switching", "mpmc_0", crowd),
        Row("select2_ready", "selecting", "select2_ready", select),
        Row("select8_ready", "selecting", "select8_ready", select),
        Row("select2_parked", "selecting", "select2_parked", select),
        Row("select8_parked", "selecting", "select8_parked", select),
        Row("spawn_join", "spawning", "spawn_join", spawn),
        Row("spawn_million", "spawning", "spawn_million", spawn),
        Row("ring_503", "spawning", "ring_503", mesh),
        Row("skynet", "spawning", "skynet", mesh),
        Row("sieve_4000", "spawning", "sieve_4000", mesh),
        Row("mutex_uncontended", "locking", "mutex_uncontended", lock),
        Row("mutex_contended", "locking", "mutex_contended", lock),
        Row("mutex_contended_work", "locking", "mutex_contended_work"),
        Row("timers_channel", "timing", "timers_channel", timers),
        Row("timers_function", "timing", "timers_function", timers),
        Row("sleepers_p50", "timing", "sleepers", None, "median"),
        Row("sleepers_p99", "timing", "sleepers", not_above, "median"),
        Row("sleep_50us_p50", "timing", "sleep_50us", (0.2, 0.2), "median"),
        Row("recursion_first", "stacks", "recursion", (0.4, 0.4)),
        Row("recursion_again", "stacks", "recursion", (0.6, 0.6)),
        Row("fresh_200_deep", "stacks", "fresh_200_deep", (0.5, 0.5)),
        Row("parked_first", "spawning", "parked", (0.6, 0.6)),
        Row("parked_again", "spawning", "parked", (0.3, 0.3)),
        Row("libc_sleep_blocking", "fairness", "libc_sleep_blocking", not_above, "median", (2,)),
        Row("libc_sleep_bare", "fairness", "libc_sleep_bare", not_above, "median", (2,)),
        Row("tasks_beside_hogs", "fairness", "tasks_beside_hogs", not_above, "median"),
        Row("bytes_queued", "spawning", "queued", (256,), "median", (1,)),
        Row("bytes_queued_begun", "spawning", "queued", None, "median", (1,)),
        Row("bytes_parked", "spawning", "parked", (4900, 4900), "median"),
    ]


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
            if implementation != "boost":
                lines.append(f"{implementation} {run} at P={procs}: {why}")
        return lines


def run_once(results, path, implementation, program, run, procs, small):
    """Runs one sub-benchmark once; it must print exactly its rows and end with status 0."""
    environment = {k: v for k, v in os.environ.items()
                   if k not in ("GOGC", "GOMEMLIMIT", "GODEBUG", "GOTRACEBACK")}
    environment["GOMAXPROCS"] = str(procs)
    command = [path, run] + (["--small"] if small else [])
    label = f"{program} {run}"
    try:
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        results.fail(label, implementation, procs, f"still running after {TIMEOUT_SECONDS} s")
        return
    if done.returncode != 0:
        first_lines = " | ".join(done.stderr.strip().splitlines()[:3])
        results.fail(label, implementation, procs, f"status {done.returncode}: {first_lines}")
        return
    lines = [line.split() for line in done.stdout.splitlines()]
    expected = {row.name for row in rows() if (row.program, row.run) == (program, run)}
    if {line[0] for line in lines if len(line) == 4} != expected:
        results.fail(label, implementation, procs, f"printed {done.stdout!r}")
        return
    for name, value, unit, result_hash in lines:
        results.add(name, implementation, procs, float(value), unit, result_hash)


def run_all(wanted, programs_of, rounds, procs_list, small):
    """programs_of[implementation] maps a program's name to its path."""
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
                    path = programs_of.get(implementation, {}).get(program)
                    label = f"{program} {run}"
                    if path is None or results.has_failed(label, implementation, procs):
                        continue
                    if implementation == "boost" and run not in boost_runs(program):
                        continue
                    progress(f"round {turn + 1}/{rounds}: {implementation} {run} P={procs}")
                    run_once(results, path, implementation, program, run, procs, small)
    progress("")
    return results


def boost_runs(program, cache={}):
    """The sub-benchmarks that the peer has: the names in its table."""
    if program not in cache:
        with open(os.path.join(BENCH, f"{program}_boost.cc"), encoding="utf-8") as source:
            cache[program] = set(re.findall(r'^    \{"(\w+)", ', source.read(), re.M))
    return cache[program]


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
        ours, theirs = results.value(row, "gort", procs), results.value(row, "go", procs)
        if ours is not None and theirs:
            ratios[procs] = ours / theirs
        if row.target is None or ours is None:
            continue
        limit = row.target[min(procs, len(row.target)) - 1]
        if row.is_bytes():
            verdicts.append(ours <= limit)
        elif procs in ratios:
            verdicts.append(round(ratios[procs], 2) <= limit)
    if row.target is None:
        target = ""
    elif row.is_bytes():
        target = f"<= {row.target[0]} B"
    elif len(set(row.target)) == 1:
        target = f"{row.target[0]:.2f}"
    else:
        target = " / ".join(f"{t:.2f}" for t in row.target)
    verdict = "" if not verdicts else ("ok" if all(verdicts) else "MISS")
    return ratios, target, verdict


def cell(row, implementation, results, procs_list):
    label = f"{row.program} {row.run}"
    texts = []
    for procs in [p for p in procs_list if p in row.procs]:
        failed = results.has_failed(label, implementation, procs)
        texts.append("died" if failed else number(results.value(row, implementation, procs)))
    return "" if set(texts) == {"-"} else " / ".join(texts)


def print_table(wanted, results, procs_list):
    title = " / ".join(f"P={p}" for p in procs_list)
    table = [["benchmark", "unit", f"gort {title}", "Go", "Boost",
              "gort/Go P=1", "P=2", "target", ""]]
    for row in wanted:
        ratios, target, verdict = judge(row, results, procs_list)
        table.append([row.name, results.units.get(row.name, "")]
                     + [cell(row, i, results, procs_list) for i in IMPLEMENTATIONS]
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
    if "boost" in options.impl:
        paths = {n: os.path.join(options.build_dir, f"bench_{n}_boost") for n in names}
        found["boost"] = {n: p for n, p in paths.items() if os.path.exists(p)}
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
