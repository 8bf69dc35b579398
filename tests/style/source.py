"""Reading: which files there are, and their text without what the rules must not see."""
import pathlib
import re

SKIPPED_FOLDERS = {".git", "build", "data", "node_modules", "__pycache__"}
CPP = {".cpp", ".hpp"}


class File:
    """A text file: `path` relative to the root with slashes, `text`, and its `lines`."""

    def __init__(self, path, text):
        self.path, self.text, self.lines = path, text, text.splitlines()
        self.parts = path.split("/")
        self.suffix = pathlib.PurePosixPath(path).suffix

    def is_under(self, *folders):
        return any(self.path.startswith(folder.rstrip("/") + "/") for folder in folders)

    @property
    def is_cpp(self):
        return self.suffix in CPP

    @property
    def is_test(self):
        """Tests and what only they use: beside the source, or in a folder testing/ or tests/."""
        return (
            self.path.endswith(("_test.cpp", "_test.hpp"))
            or "testing" in self.parts
            or self.parts[0] == "tests"
        )

    @property
    def code(self):
        """C++ without comments and without what stands in literals; line numbers stay."""
        return blank(self.text, CPP_NOISE)

    @property
    def sql(self):
        """SQL without comments and string literals; line numbers stay."""
        return blank(self.text, SQL_NOISE)


CPP_NOISE = re.compile(
    r"""//[^\n]*|/\*.*?\*/                                   # comments
    |R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"           # raw strings
    |"(?:\\.|[^"\\\n])*"                                   # strings
    |(?<![0-9a-zA-Z])'(?:\\.|[^'\\\n])+'                   # characters, not 1'000
    """,
    re.DOTALL | re.VERBOSE,
)
SQL_NOISE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:''|[^'])*'", re.DOTALL)


def blank(text, noise):
    def keep_lines(match):
        return " " + "\n" * match.group().count("\n")

    return noise.sub(keep_lines, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def read_tree(root):
    """All text files below root, in the order of their paths."""
    root = pathlib.Path(root)
    files = []
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if SKIPPED_FOLDERS & set(relative.parts) or path.is_symlink() or not path.is_file():
            continue
        try:
            files.append(File(relative.as_posix(), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            pass  # a picture, a font
    return files
