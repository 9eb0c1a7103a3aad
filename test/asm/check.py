#!/usr/bin/env python3
"""Reads the machine code of the library (x86-64) for what no other test can see.

Usage: check.py --objects FILE [--compiler ID] [--build-type TYPE] [--budgets FILE] [--list]

A goroutine may wake on another thread after any call that can switch. A compiler may keep the
address of a thread's own storage in a register over that call; the bug then shows once a month.
So three rules hold for the objects of every folder of src/ (FILE has lines `FOLDER OBJECT`):

  1. Thread-local storage is read by current_thread() alone (src/base/this_thread.h): the GOT load
     of gort_current_thread, then at once `mov %fs:(%reg),%reg`. Only set_current_thread() writes.
     %fs:0x28, the stack protector's constant, is the same for all threads of a process.
  2. A function that can switch calls no function that compilers believe to give the same address
     for ever (THREAD_ADDRESS): __errno_location, __cxa_get_globals, ... It leaves errno to a
     function that cannot switch, and reaches the exception state through its Thread record.
     "Can switch" is: calls gort_switch*, or calls such a function, as far as direct calls tell.
  3. A function of test/asm/budgets.txt has no more instructions than its row says. Only where the
     numbers were taken: g++, Release.

Not here: the simulation and the tests that look for what these rules prevent (test/sim).
"""

import argparse
import collections
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "layers"))
import layers  # noqa: E402

THREAD_ADDRESS = {"__errno_location", "__cxa_get_globals", "__cxa_get_globals_fast",
                  "__tls_get_addr", "pthread_self"}
THREAD_VARIABLE = "gort_current_thread"
THREAD_SETTER = "set_current_thread"

FUNCTION = re.compile(r"^[0-9a-f]+ <(.+)>:$")
INSTRUCTION = re.compile(r"^\s+[0-9a-f]+:\t([a-z].*?)\s*(#.*)?$")
RELOCATION = re.compile(r"\t[0-9a-f]+: (R_X86_64_\w+)\t(.+?)(?:[+-]0x[0-9a-f]+)?$")
LOCAL_TARGET = re.compile(r"^(?:call|jmp|j[a-z]+)\s+[0-9a-f]+ <([^>+]+)>$")
THREAD_LOAD = re.compile(r"^mov\s+%fs:(?:0x0)?\((%r\w+)\),\1$")
GOT_LOAD = re.compile(r"^mov\s+0x0\(%rip\),(%r\w+)$")

Instruction = collections.namedtuple("Instruction", "text symbol relocation")
Function = collections.namedtuple("Function", "name body")


def disassemble(objects):
    """Returns [Function], one for each definition: an inline function may have several. The cold
    part that the compiler puts elsewhere, `f.cold`, stays apart under that name."""
    found = []
    command = ["objdump", "-d", "-r", "-w", "--no-show-raw-insn", *objects]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for line in output.splitlines():
        head = FUNCTION.match(line)
        if head:
            found.append(Function(head.group(1), []))
            continue
        # With -w the relocation stands behind its instruction on the same line.
        parts = RELOCATION.split(line.rstrip())
        match = INSTRUCTION.match(parts[0])
        if match and found:
            kind, symbol = parts[1:3] if len(parts) > 1 else (None, None)
            found[-1].body.append(Instruction(match.group(1).strip(), symbol, kind))
    return found


def calls(body):
    """The names of the functions that this one calls, jumps to, or loads from the GOT to call."""
    names = set()
    for instruction in body:
        word = instruction.text.split()[0]
        if instruction.symbol and (word in ("call", "jmp") or "GOTPCREL" in instruction.relocation):
            names.add(instruction.symbol)
        local = LOCAL_TARGET.match(instruction.text)
        if local and not instruction.symbol:
            names.add(local.group(1))
    return names


def switchers(functions):
    """The names of what can switch, with the way there: {function: next on the way}."""
    callers = collections.defaultdict(set)
    for name, body in functions:
        for callee in calls(body):
            callers[callee].add(name)
        if name.endswith(".cold"):  # part of its function
            callers[name].add(name.removesuffix(".cold"))
    way = {}
    todo = [name for name in callers if name.startswith("gort_switch")]
    while todo:
        callee = todo.pop()
        for caller in callers[callee]:
            if caller not in way and not caller.startswith("gort_switch"):
                way[caller] = callee
                todo.append(caller)
    return way


def check_thread_local(name, body):
    """Rule 1 for one function."""
    faults = []
    for at, instruction in enumerate(body):
        if "%fs:" not in instruction.text or "%fs:0x28" in instruction.text:
            continue
        load = THREAD_LOAD.match(instruction.text)
        before = body[at - 1] if at else Instruction("", None, None)
        from_got = GOT_LOAD.match(before.text)
        if load and from_got and from_got.group(1) == load.group(1) \
                and before.symbol == THREAD_VARIABLE:
            continue
        if THREAD_SETTER in name:
            continue
        faults.append(f"{demangle(name)}: touches thread-local storage: {instruction.text}")
    return faults


def check_thread_address(functions, way):
    """Rule 2."""
    faults = []
    for name, body in functions:
        wrong = calls(body) & THREAD_ADDRESS
        if name not in way or not wrong:
            continue
        path, at = [], name
        while at in way and len(path) < 8:
            at = way[at]
            path.append(demangle(at))
        faults.append(f"{demangle(name)}: calls {', '.join(sorted(wrong))} and can switch, by "
                      + " -> ".join(path))
    return faults


def read_budgets(path):
    """Returns {function: limit}; a row is `NAME LIMIT`, the name as in the source, maybe with its
    parameters."""
    budgets = {}
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.split("#")[0].strip()
            if not line:
                continue
            name, _, limit = line.rpartition(" ")
            if not name or not limit.isdigit():
                sys.exit(f"{path}:{number}: a row is `NAME LIMIT`")
            budgets[name.strip()] = int(limit)
    return budgets


def instruction_count(body):
    return sum(not re.match(r"(data16 |cs )*(nop|xchg\s+%ax,%ax)|ud2|int3", i.text) for i in body)


def check_budgets(functions, budgets):
    """Rule 3."""
    sizes = collections.defaultdict(list)
    for name, body in functions:
        full = demangle(name)
        for known_as in {full, full.partition("(")[0]}:
            sizes[known_as].append(instruction_count(body))
    faults = []
    for name, limit in budgets.items():
        if name not in sizes:
            faults.append(f"budgets: no function {name}")
        elif max(sizes[name]) > limit:
            faults.append(f"budgets: {name}: {max(sizes[name])} instructions, more than {limit}")
    return faults


NAMES = {}


def demangle(name):
    return NAMES.get(name, name)


def demangle_all(functions):
    names = sorted({name for name, _ in functions}.union(*(calls(body) for _, body in functions)))
    plain = subprocess.run(["c++filt"], input="\n".join(names) + "\n", capture_output=True,
                           text=True, check=True).stdout.splitlines()
    NAMES.update(zip(names, plain))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", required=True)
    parser.add_argument("--compiler", default="")
    parser.add_argument("--build-type", default="")
    parser.add_argument("--budgets", default=os.path.join(HERE, "budgets.txt"))
    parser.add_argument("--list", action="store_true", help="print what can switch, and how")
    args = parser.parse_args()

    objects = [name for names in layers.read_objects(args.objects).values() for name in names]
    functions = disassemble(objects) if objects else []
    demangle_all(functions)
    way = switchers(functions)
    faults = [fault for name, body in functions for fault in check_thread_local(name, body)]
    faults += check_thread_address(functions, way)
    if args.compiler in ("", "GNU") and args.build_type in ("", "Release"):
        faults += check_budgets(functions, read_budgets(args.budgets))
    for name, body in functions:
        if name in way and (args.list or way[name].startswith("gort_switch")):
            loads = sum("%fs:" in i.text and "%fs:0x28" not in i.text for i in body)
            print(f"{demangle(name)}: switches by {demangle(way[name])}, "
                  f"{loads} thread-local loads")
    for fault in faults:
        print(fault)
    print(f"asm: {len(functions)} functions, {len(way)} can switch, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
