#!/usr/bin/env python3
"""Plants violations of the layering law in a copy of the tree and expects layers.py to name each.

Usage: layers_test.py COMPILER
"""

import os
import shutil
import subprocess
import sys
import tempfile

import layers

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# file to write, its text, what the checker must say of it (None: nothing)
PLANTED_INCLUDES = [
    ("src/base/planted.cc", '#include "sched/sched.h"', "base may not include sched"),
    ("src/heap/planted.h", '#include "sched/sched.h"', "heap may not include sched"),
    ("src/sched/planted.cc", '#include "heap/heap.h"', "sched may not include heap"),
    ("src/sync/planted.cc", '#  include "net/net.h"', "sync may not include net"),
    ("src/sync/planted2.cc", '#include "sched/goroutine.h"', "is no door of sched for sync"),
    ("src/sync/planted3.cc", '#include "sched/world.h"', "is no door of sched for sync"),
    ("src/sync/planted4.cc", '#include <sched/goroutine.h>', "is no door of sched for sync"),
    ("src/sched/planted2.S", '#include "runtime/boot.h"', "sched may not include runtime"),
    ("src/planted.cc", "", "not in a folder"),
    ("src/util/planted.cc", "", "not in a folder"),
    ("src/sync/planted5.cc", '#include "util/string.h"', "names no folder of src/"),
    ("include/gort/planted.hpp", '#include "base/assert.h"', "a public header includes"),
    ("include/gort/planted2.hpp", "#include <base/assert.h>", "a public header includes"),
    ("include/gort/planted3.hpp", '#include "chan.hpp"', "a public header includes"),
    ("include/gort/allowed.hpp", '#include "gort/chan.hpp"\n#include <gort/go.hpp>', None),
    ("src/sync/allowed.cc", '#include "sched/sched.h"\n#include "base/assert.h"', None),
    ("src/sync/allowed2.cc", '#include "sync/own.h"\n#include <gort/chan.hpp>\n#include <map>',
     None),
    ("src/runtime/allowed.cc", '#include "sched/world.h"', None),
]

# name, {folder: source}, what the checker must say (None: nothing)
PLANTED_SYMBOLS = [
    ("forward declaration upwards",
     {"base": "void upper(); void lower() { upper(); }", "sched": "void upper() {}"},
     "base may not use sched: upper()"),
    ("data upwards",
     {"heap": "extern int upper; int lower() { return upper; }", "sched": "int upper = 1;"},
     "heap may not use sched: upper"),
    ("downwards",
     {"sched": "void lower(); void upper() { lower(); }", "base": "void lower() {}"}, None),
    ("inline in both",
     {"base": "inline int f() { return 1; } int lower() { return f(); }",
      "sched": "inline int f() { return 1; } int upper() { return f(); }"}, None),
    ("upwards, but declared late",
     {"base": 'extern "C" int gort_unattached_thread; int f() { return gort_unattached_thread; }',
      "sched": 'extern "C" { int gort_unattached_thread = 1; }'}, None),
    ("late for another folder only",
     {"heap": 'extern "C" int gort_unattached_thread; int f() { return gort_unattached_thread; }',
      "sched": 'extern "C" { int gort_unattached_thread = 1; }'},
     "heap may not use sched: gort_unattached_thread"),
    ("unknown to all", {"base": "void outside(); void lower() { outside(); }"}, None),
    ("sideways", {"sync": "void f(); void g() { f(); }", "net": "void f() {}"},
     "sync may not use net: f()"),
]


def expect(name, faults, wanted):
    """faults: what the checker said of this one plant."""
    if wanted is None:
        good = not faults
    else:
        good = any(wanted in fault for fault in faults)
    if not good:
        print(f"{name}: expected {wanted or 'no violation'}, the checker said {faults}")
    return good


def check_planted_includes(copy):
    for path, text, _ in PLANTED_INCLUDES:
        os.makedirs(os.path.dirname(os.path.join(copy, path)), exist_ok=True)
        with open(os.path.join(copy, path), "w", encoding="utf-8") as f:
            f.write(text + "\n")
    faults = layers.check_includes(copy, layers.read_law(os.path.join(copy, "tools/layers.txt")))
    return [expect(path, [fault for fault in faults if fault.startswith(path + ":")], wanted)
            for path, _, wanted in PLANTED_INCLUDES]


def check_planted_symbols(copy, compiler):
    law = layers.read_law(os.path.join(copy, "tools/layers.txt"))
    results = []
    for number, (name, files, wanted) in enumerate(PLANTED_SYMBOLS):
        objects = {}
        for folder, text in files.items():
            stem = os.path.join(copy, f"planted{number}_{folder}")
            with open(stem + ".cc", "w", encoding="utf-8") as f:
                f.write(text + "\n")
            subprocess.run([compiler, "-O0", "-c", stem + ".cc", "-o", stem + ".o"], check=True)
            objects[folder] = [stem + ".o"]
        results.append(expect(name, layers.check_symbols(objects, law), wanted))
    return results


def check_planted_law(copy):
    """A row that names a folder below it could hide a cycle: the file itself must be refused."""
    with open(os.path.join(copy, "tools/layers.txt"), encoding="utf-8") as f:
        text = f.read()
    path = os.path.join(copy, "cyclic.txt")
    with open(path, "w", encoding="utf-8") as f:
        f.write("early | late | *\n" + text + "late | early | *\n")
    try:
        layers.read_law(path)
    except SystemExit:
        return [True]
    print("a row that names a folder below it was accepted")
    return [False]


def main():
    with tempfile.TemporaryDirectory() as copy:
        for folder in ("src", "include", "tools"):
            if os.path.isdir(os.path.join(ROOT, folder)):
                shutil.copytree(os.path.join(ROOT, folder), os.path.join(copy, folder))
        results = check_planted_includes(copy)
        results += check_planted_symbols(copy, sys.argv[1])
        results += check_planted_law(copy)
    print(f"{sum(results)} of {len(results)} plants judged as expected")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
