#!/usr/bin/env python3
"""count_tests.py FILE: what a CTest run (--output-junit FILE) did, as "PASSED FAILED SKIPPED".

A GoogleTest binary counts with its cases, as its own closing lines give them; anything else counts as one.
A test that failed without a failed case (a crash, a sanitizer's report, a time-out) counts as one failure.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree


def number(pattern, text):
    found = re.search(pattern, text, re.MULTILINE)
    return int(found.group(1)) if found else 0


def closing_lines(case):
    """What follows the last "N tests ran": a test that runs others may show their closing lines before."""
    output = case.findtext("system-out") or ""
    return output[output.rfind("[==========]") :]


def count(path):
    passed = failed = skipped = 0
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        closing = closing_lines(case)
        good = number(r"^\[  PASSED  \] (\d+) tests?\.", closing)
        bad = number(r"^\[  FAILED  \] (\d+) tests?, listed below:", closing)
        left_out = number(r"^\[  SKIPPED \] (\d+) tests?, listed below:", closing)
        status = case.get("status")
        reason = case.find("skipped").get("message", "") if case.find("skipped") is not None else ""
        if status == "run":
            passed += good or (0 if left_out else 1)
            skipped += left_out
        elif status == "disabled" or "SKIP" in reason:
            skipped += 1
        else:
            passed, failed, skipped = passed + good, failed + max(bad, 1), skipped + left_out
    return passed, failed, skipped


if __name__ == "__main__":
    print(*count(sys.argv[1]))
