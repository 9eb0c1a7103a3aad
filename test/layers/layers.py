#!/usr/bin/env python3
"""Checks the layering law of tools/layers.txt.

Usage: layers.py --root DIR [--objects FILE]

By include: a file of src/X includes only public headers, its own folder's, and the doors of the
folders in X's row; a public header includes only public headers and the standard library's.
By symbol (with --objects, lines `FOLDER OBJECT`, written by CMake): what X's objects leave
undefined and Y's define needs Y in X's row. A forward declaration gets past the first check, not
past the second.

Also used as a module by tools/tidy.py. Not here: everything else about style (tools/tidy.py).
"""

import argparse
import collections
import os
import re
import subprocess
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
CODE = (".h", ".hpp", ".cc", ".S")

# may: folders; doors: {header: clients or None for all}; late: symbols left to upper folders
Row = collections.namedtuple("Row", "name may doors late")


def read_law(path):
    """Returns {folder: Row}; exits on a malformed file."""
    rows = {}
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.split("#")[0].strip()
            if not line:
                continue
            cells = [cell.strip() for cell in line.split("|")]
            if len(cells) != 3:
                sys.exit(f"{path}:{number}: a row is `folder | may include | doors`")
            if cells[0] == "late" and cells[1] in rows:
                rows[cells[1]].late.add(cells[2])
                continue
            name, may = cells[0], cells[1].split()
            for folder in may:
                if folder not in rows:
                    sys.exit(f"{path}:{number}: {name} may include {folder}, not a row above it")
            doors = {}
            for door in cells[2].split():
                header, _, clients = door.partition("@")
                doors[header] = set(clients.split(",")) if clients else None
            rows[name] = Row(name, set(may), doors, set())
    return rows


def sources(root, top):
    """Every source file below root/top, as paths relative to root."""
    found = []
    for folder, _, names in os.walk(os.path.join(root, top)):
        for name in names:
            if name.endswith(CODE):
                found.append(os.path.relpath(os.path.join(folder, name), root))
    return sorted(found)


def includes(root, path):
    """Yields (line number, '<' or '"', what is included)."""
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
        for number, line in enumerate(f, 1):
            match = INCLUDE.match(line)
            if match:
                yield number, match.group(1), match.group(2)


def check_includes(root, law):
    """Returns violations, a line each."""
    faults = []
    for path in sources(root, "include"):
        for number, quote, what in includes(root, path):
            if what.split("/")[0] in law or quote == '"' and not what.startswith("gort/"):
                faults.append(f"{path}:{number}: a public header includes {what}")
    for path in sources(root, "src"):
        parts = path.split(os.sep)
        folder = parts[1]
        if len(parts) < 3 or folder not in law:
            faults.append(f"{path}: not in a folder that tools/layers.txt knows")
            continue
        for number, quote, what in includes(root, path):
            target, slash, header = what.partition("/")
            if not slash or target == "gort" or target == folder:
                continue
            if target not in law:
                if quote == '"' and not os.path.exists(os.path.join(root, "src", folder, what)):
                    faults.append(f'{path}:{number}: "{what}" names no folder of src/')
                continue
            if target not in law[folder].may:
                faults.append(f"{path}:{number}: {folder} may not include {target}")
            elif not open_to(law[target].doors, header, folder):
                faults.append(f"{path}:{number}: {what} is no door of {target} for {folder}")
    return faults


def open_to(doors, header, client):
    if "*" in doors:
        return True
    return header in doors and (doors[header] is None or client in doors[header])


def symbols(objects, which):
    """The names that nm lists for these objects, {name: object}."""
    found = {}
    command = ["nm", "-A", "-P", which] + (["-g"] if which == "--defined-only" else []) + objects
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    for line in result.stdout.splitlines():
        where, name, _ = line.split(" ", 2)
        found.setdefault(name, where.rstrip(":"))
    return found


def read_objects(path):
    """Returns {folder: [object]} from lines `FOLDER OBJECT`."""
    objects = collections.defaultdict(list)
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.strip():
                folder, name = line.rstrip("\n").split(" ", 1)
                objects[folder].append(name)
    return objects


def check_symbols(objects, law):
    """Returns violations, a line each. objects: {folder: [object]}."""
    defined = {folder: symbols(names, "--defined-only") for folder, names in objects.items()}
    faults = []
    for folder, names in objects.items():
        if folder not in law:
            faults.append(f"{folder}: not in tools/layers.txt")
            continue
        for name, where in sorted(symbols(names, "--undefined-only").items()):
            owners = {other for other in defined if name in defined[other]}
            # An inline function may be defined in several folders: one that we may use is enough.
            allowed = law[folder].may | {folder}
            if owners and not owners & allowed and name not in law[folder].late:
                faults.append(f"{os.path.basename(where)}: {folder} may not use "
                              f"{sorted(owners)[0]}: {demangle(name)}")
    return faults


def demangle(name):
    result = subprocess.run(["c++filt", name], capture_output=True, text=True, check=True)
    return result.stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True)
    parser.add_argument("--objects")
    args = parser.parse_args()
    law = read_law(os.path.join(args.root, "tools", "layers.txt"))
    faults = check_includes(args.root, law)
    if args.objects:
        faults += check_symbols(read_objects(args.objects), law)
    for fault in faults:
        print(fault)
    print(f"{len(sources(args.root, 'src'))} files, {len(faults)} violations of tools/layers.txt")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
