#!/usr/bin/env python3
"""Checks one link: the row comes as JSON on standard input, the answer is the exit code.

    fencepost adopt --database sqlite:links.db --table links --payload url
    fencepost loop  --database sqlite:links.db --queue links --exec 'python3 check_link.py'

The table is anybody's: it needs a key, a status column and a column `url`. README.md has the whole example.
"""

import json
import sys
import urllib.error
import urllib.request

DONE, FAILED, NOT_NOW, RETRY = 0, 65, 69, 75  # sysexits.h; `fencepost loop --help` has the table


def main():
    row = json.load(sys.stdin)
    try:
        request = urllib.request.Request(row["url"], method="HEAD", headers={"User-Agent": "fencepost-example"})
        with urllib.request.urlopen(request, timeout=20):
            return DONE
    except urllib.error.HTTPError as error:
        # The last line of standard error becomes the row's last_error.
        print(f"the server answered {error.code}", file=sys.stderr)
        if error.code in (429, 503):
            print(error.headers.get("Retry-After") or 60)  # seconds, on standard output
            return NOT_NOW
        return RETRY if error.code >= 500 else FAILED
    except (urllib.error.URLError, OSError) as error:
        print(f"no answer: {getattr(error, 'reason', error)}", file=sys.stderr)
        return RETRY
    except ValueError as error:
        print(f"no URL that can be asked: {error}", file=sys.stderr)
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
