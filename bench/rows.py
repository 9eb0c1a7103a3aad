"""The rows of the benchmark table: what is measured, by which program, and what is to be reached.

A row is one number. Mostly a program prints it, in a line that begins with the row's name; the rows
of a whole process (`of` is wall, cpu or resident) are taken by run.py from the outside, and the
program only prints what it computed, in a line `result`.

A target is a pair for one and two processors: at most so many times Go's number in the same run.
`against` names another row of gort's to be compared with instead of Go; `at_most` is a bound in the
row's own unit; `below` names an implementation whose number ours must be under. Where `only` names
implementations, the others do not have the number. Not here: how it is run and judged -> run.py.
"""

from dataclasses import dataclass


@dataclass
class Row:
    name: str  # what the line begins with
    program: str
    run: str  # the sub-benchmark that prints it
    target: tuple = None  # most times Go's at P=1, at P=2
    pick: str = "min"  # of the rounds: min or median
    procs: tuple = (1, 2)
    of: str = "line"  # or, of the whole process: wall, cpu, resident
    against: str = None  # a row of gort's, in place of Go's number
    at_most: float = None
    below: str = None
    only: tuple = ()


def scheduler_rows():
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
        Row("bytes_queued", "spawning", "queued", pick="median", procs=(1,), at_most=256),
        Row("bytes_queued_begun", "spawning", "queued", None, "median", (1,)),
        Row("bytes_parked", "spawning", "parked", pick="median", at_most=4900),
    ]


def heap_rows():
    small, large, not_above = (0.4, 0.4), (0.4, 0.35), (1.0, 1.0)
    maps, appends = (0.6, 0.6), (0.7, 0.7)
    rows = []
    for gogc in ("", "_gogc400"):
        for size in ("16", "64", "256"):
            for kind in ("", "_ptr"):
                name = f"alloc_{size}{kind}{gogc}"
                rows.append(Row(name, "allocating", name, small))
    for size in ("1k", "8k", "32k", "64k"):
        rows.append(Row(f"alloc_{size}", "allocating", f"alloc_{size}", large))
    rows += [
        Row("alloc_64_by_8", "allocating", "alloc_64_by_8", small),
        Row("trees_cpu", "trees", "trees", (0.35, 0.4), of="cpu", below="mimalloc"),
        Row("trees_wall", "trees", "trees", (0.35, 0.4), of="wall", below="mimalloc"),
        Row("trees_resident", "trees", "trees", not_above, "median", of="resident"),
        Row("full_tree", "collecting", "full_tree", (0.5, 0.5)),
        Row("full_lists", "collecting", "full_lists", (0.35, 0.35)),
        Row("full_lists_random", "collecting", "full_lists_random", (0.12, 0.12)),
        Row("full_parked", "collecting", "parked", (0.3, 0.3)),
        Row("stop_parked_p50", "collecting", "parked", not_above, "median"),
        Row("stop_parked_longest", "collecting", "parked", not_above, "median", at_most=1000),
        Row("resident_returned", "collecting", "returned", not_above, "median"),
        Row("step_p9999", "latency", "steady", (0.1, 0.1), "median"),
        Row("step_longest", "latency", "steady", (0.2, 0.2), "median"),
        Row("stop_p50", "latency", "steady", not_above, "median"),
        Row("stop_longest", "latency", "steady", not_above, "median", at_most=1000),
        Row("resident_steady", "latency", "steady", (0.8, 0.8), "median"),
        Row("store_marking", "barrier", "store_marking", (0.5, 0.5), "median"),
        Row("quicksort_ptr", "barrier", "quicksort", (1.05, 1.05), against="quicksort_plain"),
        Row("quicksort_plain", "barrier", "quicksort", only=("gort",)),
        Row("splay_ptr", "barrier", "splay", (1.05, 1.05), against="splay_plain"),
        Row("splay_plain", "barrier", "splay", only=("gort",)),
    ]
    for key in ("int", "string"):
        for operation in ("insert", "hit", "miss", "iterate", "delete"):
            rows.append(Row(f"map_{key}_{operation}", "containers", f"map_{key}", maps))
    for element in ("int", "ptr"):
        rows.append(Row(f"append_{element}", "containers", f"append_{element}", appends))
    return rows


def rows():
    return scheduler_rows() + heap_rows()
