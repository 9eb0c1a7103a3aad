#!/usr/bin/env python3
"""Tests tidy.py on small trees: each has one fault, which must be named, or none."""

import os
import sys
import tempfile

import tidy

HEAD = "// One.\n// Two.\n// Three.\n"
LAW = "base | | *\nsched | base | sched.h\n"


def body(lines):
    return "void f(int a) {\n" + "  g();\n" * (lines - 2) + "}\n"


# name, {path: text}, part of the one fault or note (None: nothing)
CASES = [
    ("a tree without fault", {"src/base/a.cc": HEAD + body(20)}, None),
    ("short head", {"src/base/a.cc": "// One.\nint a;\n"}, "opens without"),
    ("head in a block comment", {"src/base/a.S": "/* One\n Two\n Three */\nret\n"}, None),
    ("a test has a head too", {"src/base/a_test.cc": "int a;\n"}, "opens without"),
    ("layering", {"src/base/a.cc": HEAD + '#include "sched/sched.h"\n'}, "may not include sched"),
    ("line too long", {"src/base/a.cc": HEAD + "int " + "a" * 100 + ";\n"}, "columns"),
    ("space at the end", {"src/base/a.cc": HEAD + "int a; \n"}, "space at the end"),
    ("file too long", {"src/base/a.cc": HEAD + "int a;\n" * 500}, "503 lines"),
    ("long file", {"src/base/a.cc": HEAD + "int a;\n" * 420}, "note: src/base/a.cc: 423 lines"),
    ("function too long", {"src/base/a.cc": HEAD + body(91)}, "f: 91 lines"),
    ("function as long as can be", {"src/base/a.cc": HEAD + body(70)}, None),
    ("long function", {"src/base/a.cc": HEAD + body(71)}, "note: src/base/a.cc:4: f: 71 lines"),
    ("method", {"src/base/a.cc": HEAD + "class A {\n int x_{f()};\n" + body(91) + "};\n"}, "f: 91"),
    ("in a namespace", {"src/base/a.cc": HEAD + "namespace a {\n" + body(50) * 2 + "}\n"}, None),
    ("braces in strings and comments",
     {"src/base/a.cc": HEAD + 'const char* a = "{"; // {\n' + body(50) * 2}, None),
    ("braces of the preprocessor",
     {"src/base/a.cc": HEAD + "#define A(x) \\\n  if (x) {\n" + body(50) * 2}, None),
    ("unfinished", {"src/base/a.cc": HEAD + "// TO" "DO: more\n"}, "unfinished"),
    ("unfinished script", {"tools/a.py": "# FIX" "ME\n"}, "unfinished"),
    ("thread-local", {"src/sched/a.cc": HEAD + "thread_local int a;\n"}, "thread-local storage"),
    ("thread-local at home", {"src/base/this_thread.cc": HEAD + "thread_local int a;\n"}, None),
    ("thread-local in prose", {"src/sched/a.cc": HEAD + "// no thread_local here\n"}, None),
    ("std::mutex", {"src/sched/a.cc": HEAD + "std::mutex m;\n"}, "std::mutex in the library"),
    ("std::thread in a header",
     {"include/gort/gort.hpp": HEAD + "inline std::thread t;\n"}, "std::thread in the library"),
    ("std::mutex in a test", {"src/sched/a_test.cc": HEAD + "std::mutex m;\n"}, None),
    ("tag without definition", {"src/base/a.cc": HEAD + "int a;  // [P1]\n"}, "defined nowhere"),
    ("tag in a string",
     {"src/base/a.cc": HEAD + 'auto a = "[P1]";\n'}, "[P1] is defined nowhere"),
    ("tag in code is an index", {"src/base/a.cc": HEAD + "int b = a[P1];\n"}, None),
    ("tag defined and cited", {"src/base/a.cc": HEAD + "// [P1] Is.\nint a;  // [P1]\n"}, None),
    ("tag defined twice",
     {"src/base/a.cc": HEAD + "// [P1] Is.\n\n// [P1]\n", "src/base/b.cc": HEAD + "// [P1] Is.\n"},
     "defined in src/base/a.cc:4 too"),
    ("tag cited nowhere", {"src/base/a.cc": HEAD + "// [P1] Is.\nint a;\n"},
     "note: src/base/a.cc:4"),
    ("orphan", {"src/base/a.h": HEAD}, "nobody includes"),
    ("no orphan", {"src/base/a.h": HEAD, "src/base/a.cc": HEAD + '#include "base/a.h"\n'}, None),
    ("dead row of the map",
     {"docs/ARCHITECTURE.md": "## 4. The map\n| Where? | `src/base/b.cc` |\n"}, "no such file"),
    ("bare name in the map",
     {"docs/ARCHITECTURE.md": "## The map\n| Where? | `src/base/a.cc`, then `b.cc` |\n",
      "src/base/a.cc": HEAD, "src/base/b.cc": HEAD}, None),
    ("row outside the map",
     {"docs/ARCHITECTURE.md": "## Else\n| Where? | `src/base/b.cc` |\n"}, None),
    ("quoted code",
     {"README.md": "Text.\n\n<!-- from examples/a.cc -->\n```cpp\nint a;\nint b;\n```\n",
      "examples/a.cc": "int z;\n  int a;\n  int b;\n"}, None),
    ("quoted code that is not there",
     {"docs/guide/a.md": "<!-- from examples/a.cc -->\n```cpp\nint a;\nint c;\n```\n",
      "examples/a.cc": "int a;\nint b;\n"}, "docs/guide/a.md:1: what it quotes"),
    ("quoted file that is not there",
     {"README.md": "<!-- from examples/a.cc -->\n```cpp\nint a;\n```\n"}, "does not exist"),
    ("file that the document does not mention",
     {"docs/ARCHITECTURE.md": "## The map\n", "src/base/a.cc": HEAD}, "not mention src/base/a"),
]


def main():
    bad = 0
    for name, tree, wanted in CASES:
        with tempfile.TemporaryDirectory() as root:
            for path, text in {"tools/layers.txt": LAW, **tree}.items():
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as f:
                    f.write(text)
            found, _ = tidy.check(root)
        good = not found if wanted is None else len(found) == 1 and wanted in found[0]
        if not good:
            bad += 1
            print(f"{name}: expected {wanted or 'no fault'}, tidy said {found}")
    print(f"{len(CASES) - bad} of {len(CASES)} trees judged as expected")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
