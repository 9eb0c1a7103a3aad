#!/usr/bin/env python3
"""Style that a machine can judge, as a test: `./dev tidy`, or ctest's `tidy`.

Usage: tidy.py [ROOT]

Prints `PATH:LINE: WHAT` for each fault and fails if there is one; lines that open with `note:` are
advice. The rules, with their reasons, are in docs/STYLE.md: layers and doors (test/layers), heads
of files, lengths of lines, functions and files, banned words, invariant tags, the map of
docs/ARCHITECTURE.md, quoted code, headers that nobody includes. It knows C++ only as far as
comments, strings and braces. Each rule is one function from the files to faults, and rules() is the
list of them.
"""

import collections
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "test", "layers"))
import layers  # noqa: E402

TREES = ("include", "src", "test", "bench", "examples", "tools")
CODE = (".h", ".hpp", ".cc", ".S")
OTHER = (".py", ".go", ".sh", ".cmake", ".txt")
LINE_MAX = 100
FILE_SOFT, FILE_MAX = 400, 500
FUNCTION_SOFT, FUNCTION_MAX = 70, 90
HEAD_MIN = 3

File = collections.namedtuple("File", "path lines code comments head")
# path: relative to the root; lines: as written; code: the same lines without comments and contents
# of strings; comments: the same lines without code; head: lines of the comment that opens the file


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
        text = f.read()
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    if not path.endswith(CODE):
        return File(path, lines, lines, lines, [])
    code, comments = split_comments(text)
    return File(path, lines, code.split("\n")[:len(lines)], comments.split("\n")[:len(lines)],
                head_of(lines))


TOKEN = re.compile(r"""
    (?P<line>//[^\n]*) | (?P<block>/\*.*?\*/)
  | (?P<raw>R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)")
  | (?P<string>"(?:\\.|[^"\\\n])*") | (?P<char>(?<![0-9a-zA-Z_])'(?:\\.|[^'\\\n])+')
""", re.VERBOSE | re.DOTALL)


def split_comments(text):
    """Returns (code, comments and strings), each with the line structure of text."""
    code, rest, at = [], [], 0
    for match in TOKEN.finditer(text):
        before = text[at:match.start()]
        code.append(before)
        rest.append("\n" * before.count("\n"))
        token = match.group()
        code.append('""' if match.lastgroup in ("string", "raw", "char") else "")
        code.append("\n" * token.count("\n"))
        rest.append(token)
        at = match.end()
    code.append(text[at:])
    rest.append("\n" * text[at:].count("\n"))
    return "".join(code), "".join(rest)


def head_of(lines):
    """The lines of the comment that opens the file."""
    if lines and lines[0].startswith("/*"):
        for end, line in enumerate(lines):
            if "*/" in line:
                return lines[:end + 1]
    head = []
    for line in lines:
        if not line.startswith("//"):
            break
        head.append(line)
    return head


def in_library(file):
    return file.path.startswith(("include/", "src/"))


def is_test(file):
    return file.path.endswith(("_test.cc", "_fixture.h", "_bench.cc"))


# -- The rules -------------------------------------------------------------------------------------


def layering(root, files):
    del files
    return layers.check_includes(root, layers.read_law(os.path.join(root, "tools", "layers.txt")))


def heads(root, files):
    del root
    return [f"{f.path}:1: opens without its essay, a comment of {HEAD_MIN} lines or more"
            for f in files if in_library(f) and f.path.endswith(CODE) and len(f.head) < HEAD_MIN]


def lengths(root, files):
    del root
    faults = []
    for f in files:
        if not f.path.endswith(CODE + (".py",)):
            continue
        if len(f.lines) > FILE_MAX:
            faults.append(f"{f.path}:1: {len(f.lines)} lines, more than {FILE_MAX}")
        elif len(f.lines) > FILE_SOFT:
            faults.append(f"note: {f.path}: {len(f.lines)} lines, aim for {FILE_SOFT}")
        for number, line in enumerate(f.lines, 1):
            if len(line) > LINE_MAX:
                faults.append(f"{f.path}:{number}: {len(line)} columns, more than {LINE_MAX}")
            if line != line.rstrip() or "\t" in line and not f.path.endswith(".S"):
                faults.append(f"{f.path}:{number}: tab or space at the end of the line")
    return faults


def functions(root, files):
    del root
    faults = []
    for f in files:
        if not f.path.endswith((".h", ".hpp", ".cc")):
            continue
        for name, first, last in function_bodies(f.code):
            length = last - first + 1
            if length > FUNCTION_MAX:
                faults.append(f"{f.path}:{first}: {name}: {length} lines, more than {FUNCTION_MAX}")
            elif length > FUNCTION_SOFT:
                faults.append(f"note: {f.path}:{first}: {name}: {length} lines, aim for "
                              f"{FUNCTION_SOFT}")
    return faults


CONTAINER = re.compile(r"\b(namespace|class|struct|union|enum)\b[^()]*$|^\s*extern\b[^()]*$")


def function_bodies(code):
    """Yields (name, first line, last line) of each function. A brace opens one if what precedes it,
    back to the last `;`, `{` or `}`, has a `)`; what is inside another function is part of it."""
    text, continued = [], False
    for line in code:  # the preprocessor's lines have braces of their own
        directive = continued or line.lstrip().startswith("#")
        continued = directive and line.rstrip().endswith("\\")
        text.append("" if directive else line)
    stack, line, before, start = [], 1, "", 1
    for char in "\n".join(text):
        if char == "{":
            inside = any(entry is not None for entry in stack)
            opens = not inside and ")" in before and not CONTAINER.search(before)
            stack.append((name_of(before), start) if opens else None)
            before = ""
        elif char == "}":
            entry = stack.pop() if stack else None
            if entry:
                yield entry[0], entry[1], line
            before = ""
        elif char == ";":
            before = ""
        elif not before.strip() and not char.isspace():
            before, start = char, line
        else:
            before += char
        line += char == "\n"


def name_of(before):
    match = re.search(r"([\w:~]+|operator\s*\S+)\s*\(", before)
    return match.group(1) if match else "function"


# Library code may not use what the library replaces: it would block a thread under goroutines.
THREADS = re.compile(r"\bstd::(mutex|recursive_mutex|shared_mutex|timed_mutex|thread|jthread|"
                     r"condition_variable|condition_variable_any|this_thread)\b")
THREAD_LOCAL = re.compile(r"\b(thread_local|__thread)\b")
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")


def banned_words(root, files):
    del root
    faults = []
    for f in files:
        for number, line in enumerate(f.lines, 1):
            if UNFINISHED.search(line):
                faults.append(f"{f.path}:{number}: unfinished: {UNFINISHED.search(line).group()}")
        if not in_library(f) or is_test(f):
            continue
        for number, line in enumerate(f.code, 1):
            if THREAD_LOCAL.search(line) and not f.path.startswith("src/base/this_thread."):
                faults.append(f"{f.path}:{number}: thread-local storage outside base/this_thread")
            word = THREADS.search(line)
            if word and not f.path.startswith("src/base/"):
                faults.append(f"{f.path}:{number}: {word.group()} in the library")
    return faults


DEFINED = re.compile(r"^(?://|\s?\*)\s*\[([A-Z]{1,3}[0-9]+)\]\s")
CITED = re.compile(r"\[([A-Z]{1,3}[0-9]+)\]")


def tags(root, files):
    """[P1] is defined by a line `// [P1] ...` of a head, once in the tree, and cited elsewhere."""
    del root
    defined, cited, faults = {}, {}, []
    for f in files:
        if not f.path.endswith(CODE):
            continue
        places = set()
        for number, line in enumerate(f.head, 1):
            match = DEFINED.match(line)
            if match:
                tag = match.group(1)
                places.add((number, tag))
                if tag in defined:
                    faults.append(f"{f.path}:{number}: [{tag}] is defined in {defined[tag]} too")
                defined[tag] = f"{f.path}:{number}"
        for number, line in enumerate(f.comments, 1):
            for tag in CITED.findall(line):
                if (number, tag) not in places:
                    cited.setdefault(tag, f"{f.path}:{number}")
    faults += [f"{where}: [{tag}] is defined nowhere" for tag, where in sorted(cited.items())
               if tag not in defined]
    faults += [f"note: {where}: [{tag}] is cited nowhere" for tag, where in sorted(defined.items())
               if tag not in cited]
    return faults


MAP_PATH = re.compile(r"`([\w./-]+\.(?:cc|hpp|h|S|py|txt|md))`")


def the_map(root, files):
    """Rows of the map name files that exist; every file of src/ is named in the document."""
    path = os.path.join(root, "docs", "ARCHITECTURE.md")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        document = f.read()
    faults, in_map = [], False
    for number, line in enumerate(document.split("\n"), 1):
        if line.startswith("#"):
            in_map = "the map" in line.lower()
        elif in_map and line.startswith("|"):
            folder = ""
            for name in MAP_PATH.findall(line):
                # `src/a/b.cc`, then `c.cc`: a bare name is in the folder of the one before it.
                if os.path.exists(os.path.join(root, name)):
                    folder = os.path.dirname(name)
                elif not os.path.exists(os.path.join(root, folder, name)):
                    faults.append(f"docs/ARCHITECTURE.md:{number}: no such file: {name}")
    for f in files:
        if f.path.startswith("src/") and f.path.endswith(CODE) and not is_test(f):
            stem = os.path.basename(f.path).split(".")[0]
            if not re.search(rf"(?<!\w){re.escape(stem)}(?!\w)", document):
                faults.append(f"docs/ARCHITECTURE.md:1: does not mention {f.path}")
    return faults


QUOTE = re.compile(r"^<!-- from (\S+) -->\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def quotes(root, files):
    """The code in a document under `<!-- from FILE -->` stands in FILE, indentation aside."""
    del files
    documents = [os.path.join(root, "README.md")]
    for folder, _, names in os.walk(os.path.join(root, "docs")):
        documents += [os.path.join(folder, name) for name in sorted(names) if name.endswith(".md")]
    faults = []
    for document in filter(os.path.exists, documents):
        with open(document, encoding="utf-8") as f:
            text = f.read()
        for match in QUOTE.finditer(text):
            source, quoted = match.group(1), unindented(match.group(2))
            where = f"{os.path.relpath(document, root)}:{text[:match.start()].count(chr(10)) + 1}"
            if not os.path.exists(os.path.join(root, source)):
                faults.append(f"{where}: quotes {source}, which does not exist")
                continue
            with open(os.path.join(root, source), encoding="utf-8") as f:
                original = unindented(f.read())
            if not quoted.strip() or quoted not in original:
                faults.append(f"{where}: what it quotes is not in {source}")
    return faults


def unindented(text):
    return "\n" + "".join(line.strip() + "\n" for line in text.split("\n")).strip() + "\n"


def orphans(root, files):
    """A header must be included by something, by a path that ends in its own."""
    del root
    included = set()
    for f in files:
        if f.path.endswith(CODE):
            for line in f.lines:
                match = layers.INCLUDE.match(line)
                if match:
                    included.add(match.group(2))
    faults = []
    for f in files:
        if in_library(f) and f.path.endswith((".h", ".hpp")) and f.path != "include/gort/gort.hpp":
            parts = f.path.split("/")
            if "/".join(parts[1:]) not in included and parts[-1] not in included:
                faults.append(f"{f.path}:1: nobody includes this header")
    return faults


def rules():
    return (layering, heads, lengths, functions, banned_words, tags, the_map, quotes,
            orphans)


def check(root):
    """Returns (faults, number of files)."""
    files = []
    for tree in TREES:
        for folder, names, leaves in os.walk(os.path.join(root, tree)):
            names[:] = [name for name in names if name != "__pycache__"]
            files += [read(root, os.path.relpath(os.path.join(folder, leaf), root))
                      for leaf in leaves if leaf.endswith(CODE + OTHER)]
    files.sort(key=lambda file: file.path)
    return [fault for rule in rules() for fault in rule(root, files)], len(files)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(HERE)
    found, number = check(root)
    for fault in found:
        print(fault)
    faults = [fault for fault in found if not fault.startswith("note:")]
    print(f"tidy: {number} files, {len(faults)} faults, {len(found) - len(faults)} notes")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
