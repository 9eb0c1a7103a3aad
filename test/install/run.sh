#!/bin/bash
# Builds and runs a foreign project that gets gort by one of four ways.
#
# Usage: run.sh find_package|add_subdirectory|fetch_content|pkg_config SOURCE BUILD COMPILER
# SOURCE is gort's tree, BUILD a finished build of it: the installed ways install that to a
# temporary prefix. The project is built in a folder from which nothing of SOURCE can be reached by
# chance.

set -euo pipefail
way=$1 source=$2 build=$3 compiler=$4
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/project"
cp "$here/main.cc" "$work/project/"
cd "$work/project"

installed() {
  cmake --install "$build" --prefix "$work/first" >/dev/null
  mv "$work/first" "$work/prefix"  # an installed tree may be moved
}

build_with_cmake() {
  cp "$here/$way/CMakeLists.txt" .
  local launcher=()
  if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  cmake -G Ninja -B "$work/build" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Release \
    "${launcher[@]}" "$@" .
  cmake --build "$work/build"
  "$work/build/foreign"
}

case $way in
  find_package)
    installed
    build_with_cmake -DCMAKE_PREFIX_PATH="$work/prefix"
    ;;
  add_subdirectory | fetch_content)
    build_with_cmake -DGORT_SOURCE="$source"
    ;;
  pkg_config)
    installed
    PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name gort.pc)")
    export PKG_CONFIG_PATH
    read -ra flags < <(pkg-config --cflags --libs gort)
    "$compiler" -std=c++20 -O2 -Wall -Wextra -Werror main.cc "${flags[@]}" -o foreign
    ./foreign
    ;;
  *)
    echo "run.sh: unknown way $way" >&2
    exit 2
    ;;
esac
