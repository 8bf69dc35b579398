#!/usr/bin/env python3
"""Texts count as X counts them: compares src/connect/text.cpp with npm's twitter-text, and the data files with those
of the packages.

usage: text_oracle_test.py PATH/TO/text_oracle FOLDER [SEED]
The packages are installed into FOLDER, once; FENCEPOST_ORACLE_MODULES names a node_modules that has them already.
"""
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parents[1] / "src/connect/text"


def modules(folder):
    if os.environ.get("FENCEPOST_ORACLE_MODULES"):
        return os.environ["FENCEPOST_ORACLE_MODULES"]
    folder.mkdir(parents=True, exist_ok=True)
    lock, installed = (HERE / "package-lock.json").read_bytes(), folder / "package-lock.json"
    done = folder / "node_modules/.installed"
    if not (done.exists() and done.read_bytes() == lock):
        shutil.copy(HERE / "package.json", folder)
        installed.write_bytes(lock)
        subprocess.run(["npm", "ci", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts",
                        "--loglevel=error"], check=True)
        done.write_bytes(lock)
    return str(folder / "node_modules")


def main(binary, folder, *seed):
    packages = modules(pathlib.Path(folder))
    for name in ("tlds", "emoji"):
        made = subprocess.run(["node", str(HERE / "data.mjs"), name, packages], check=True, capture_output=True).stdout
        if made != (DATA / f"{name}.txt").read_bytes():
            sys.exit(f"src/connect/text/{name}.txt is not what tests/oracle/data.mjs makes")
    sys.exit(subprocess.run(["node", str(HERE / "text_oracle.mjs"), binary, packages, *seed]).returncode)


if __name__ == "__main__":
    main(*sys.argv[1:])
