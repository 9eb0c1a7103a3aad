#!/usr/bin/env python3
"""Test of textindex: textindex_test.py PROGRAM DIR

Both modes must print the same answer, byte for byte and for every number of processors, about DIR
and about a tree of everything that is awkward: loops of links, a pipe, binary, empty and unreadable
files, words that lie across the borders of blocks. Then mistakes in the command line, and Ctrl-C in
the middle of a file without end.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time

PROCESSORS = ("1", "2", "8")
BLOCK = 64 * 1024  # block::kCapacity in source.h


def run(program, *arguments, processors="2", **more):
    environment = dict(os.environ, GOMAXPROCS=processors, LC_ALL="C")
    return subprocess.run([program, *arguments], env=environment, capture_output=True, **more)


def expect(condition, what):
    if not condition:
        sys.exit(f"textindex_test.py: {what}")


def same(program, status, *arguments):
    """The answer of every mode, which must be one and the same; returns it and the last stderr."""
    first = run(program, "--serial", *arguments)
    expect(first.returncode == status, f"--serial {arguments}: {first}")
    for processors in PROCESSORS:
        other = run(program, *arguments, processors=processors)
        expect(other.returncode == status, f"GOMAXPROCS={processors} {arguments}: {other}")
        expect(other.stdout == first.stdout,
               f"GOMAXPROCS={processors} {arguments}: serial\n{first.stdout.decode()}\n"
               f"concurrent\n{other.stdout.decode()}\n{other.stderr.decode()}")
    return first.stdout.decode(), first.stderr.decode() + other.stderr.decode()


def write(*path, text=""):
    name = os.path.join(*path)
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "wb") as f:
        f.write(text.encode() if isinstance(text, str) else text)
    return name


def awkward_tree(root):
    """What --top 5 must say of it is in check_awkward()."""
    write(root, "a.h", text="#include <nothing.h>\nint alpha = beta; // gamma\n")
    write(root, "deep/er/b.hpp", text='beta("alpha", \'a\', R"(gamma)", 0xbeef, 1\'000);')
    write(root, "noextension", text="#define beta alpha\n")
    write(root, "empty.h")
    write(root, "binary.h", text=b"alpha\0beta")
    write(root, "notes.txt", text="alpha alpha alpha alpha alpha")
    # Words that begin two bytes before a border, and the end of a comment across one.
    comment = "/*" + "x" * (BLOCK - 6) + "*/"
    write(root, "border.cc", text=comment + "alpha" + "\n" * (BLOCK - 5) + "beta")
    write(root, "border2.cc", text="int" + comment + " delta")
    for i in range(300):
        write(root, f"many/{i}.h", text=f"epsilon word{i % 100};")
    os.symlink("..", os.path.join(root, "deep", "loop"))
    os.symlink("a.h", os.path.join(root, "link.h"))
    os.mkfifo(os.path.join(root, "pipe.h"))


def check_awkward(program, folder):
    root = os.path.join(folder, "tree")
    awkward_tree(root)
    answer, _ = same(program, 0, "--top", "5", root)
    top = [line.split() for line in answer.splitlines()[:5]]
    expect(top == [["300", "epsilon"], ["4", "beta"], ["3", "alpha"], ["3", "word0"],
                   ["3", "word1"]], answer)
    expect("left out as binary: 1\n" in answer, answer)
    expect(answer.splitlines()[5].startswith("306 files, "), answer)
    answer, _ = same(program, 0, "--ext", ".txt", "--workers", "1", root)
    expect(answer == "         5  alpha\n1 files, 29 bytes\n5 identifiers, 1 different\n", answer)
    same(program, 0, "--top", "0", "--ext", "cc,", root, root)
    answer, errors = same(program, 0, "--top", "0", "--lines", "beta", root)
    places = {line.split(":")[0][len(root) + 1:]: line.split(":")[1].split()
              for line in answer.splitlines() if line.startswith(root)}
    expect(places == {"a.h": ["2"], "deep/er/b.hpp": ["1"], "noextension": ["1"],
                      "border.cc": [str(BLOCK - 4)]}, answer)
    expect(" collections, longest pause " in errors and " MB resident" in errors, errors)

    # For root every file is readable: a name too long to be opened serves as well.
    if os.geteuid() == 0:
        outer = os.getcwd()
        os.chdir(root)
        for _ in range(20):
            os.mkdir("d" * 250)
            os.chdir("d" * 250)
        os.chdir(outer)
        complaint = "File name too long"
    else:
        os.chmod(os.path.join(root, "a.h"), 0)
        complaint = "Permission denied"
    answer, errors = same(program, 1, root)
    expect("could not be read: 1\n" in answer and errors.count(complaint) == 2, answer + errors)


def check_mistakes(program, folder):
    a_file = write(folder, "file", text="x")
    for arguments in (["--frobnicate"], ["--top", "x"], ["--top", "-1"], ["--top"],
                      ["--workers", "0"], ["--workers", "1e3"], [os.path.join(folder, "no")],
                      [a_file]):
        result = run(program, *arguments)
        expect(result.returncode == 2 and not result.stdout and b"--help" in result.stderr,
               f"{arguments}: {result}")
    expect(run(program, "--help").returncode == 0, "--help")
    with open("/dev/full", "wb") as full:
        environment = dict(os.environ, LC_ALL="C")
        result = subprocess.run([program, folder], env=environment, stdout=full,
                                stderr=subprocess.PIPE, check=False)
    expect(result.returncode == 1 and b"No space left" in result.stderr, f"/dev/full: {result}")


def check_interrupt(program, folder):
    """A sparse file of a terabyte, of which only the beginning is text: nobody reads that."""
    name = write(folder, "endless", "endless.h", text="alpha beta\n" * 1000)
    os.truncate(name, 1 << 40)
    for arguments in (["--serial"], []):
        child = subprocess.Popen([program, *arguments, os.path.dirname(name)],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 preexec_fn=take_sigint)
        while bytes_read(child.pid) < 4 * BLOCK:
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        answer, errors = child.communicate()
        expect(child.returncode == 130 and b"interrupted" in errors and b" files, " in answer,
               f"Ctrl-C: {child.returncode}\n{answer.decode()}\n{errors.decode()}")


def take_sigint():
    """Tests that run in the background inherit that it is ignored, and textindex honours that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def bytes_read(pid):
    with open(f"/proc/{pid}/io", encoding="ascii") as f:
        return int(f.readline().split()[1])


def main():
    program, directory = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        check_mistakes(program, folder)
        check_awkward(program, folder)
        check_interrupt(program, folder)
    answer, _ = same(program, 0, directory)
    print(answer, end="")


if __name__ == "__main__":
    main()
