#!/usr/bin/env python3
"""Installs the library into an empty prefix and builds the examples against it, as an embedding program does.

usage: build.py CMAKE BUILD_DIR SOURCE_DIR OUT CXX CXX_FLAGS LAUNCHER

OUT/build then holds the programs. Nothing of the source tree but examples/ is seen by their build.
"""
import pathlib
import shutil
import subprocess
import sys


def run(*command):
    print("+", *command, flush=True)
    subprocess.run(command, check=True)


def main():
    cmake, build, source, out, compiler, flags, launcher = sys.argv[1:]
    out = pathlib.Path(out)
    shutil.rmtree(out / "prefix", ignore_errors=True)
    shutil.rmtree(out / "examples", ignore_errors=True)
    run(cmake, "--install", build, "--component", "library", "--prefix", str(out / "prefix"))
    shutil.copytree(pathlib.Path(source) / "examples", out / "examples")
    run(cmake, "-S", str(out / "examples"), "-B", str(out / "build"), "-G", "Ninja",
        f"-DCMAKE_PREFIX_PATH={out / 'prefix'}", f"-DCMAKE_CXX_COMPILER={compiler}",
        f"-DCMAKE_CXX_FLAGS={flags}", f"-DCMAKE_CXX_COMPILER_LAUNCHER={launcher}")
    run(cmake, "--build", str(out / "build"))


main()
