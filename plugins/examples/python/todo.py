"""todo-python: a detector that reports each file in which a FIXME is left.

The same plugin exists in JavaScript and in C; the three say the same about the same project.
`wit/detector/detector.wit` and `wit/host/*.wit` are the contract; componentize-py turns it into the module `wit_world`.
"""

import wit_world.exports
from componentize_py_types import Err
from wit_world.exports.detector import Evidence, Finding, Interest, Report, Urgency
from wit_world.exports.manifest import Description, Request
from wit_world.imports import log, project
from wit_world.imports.types import ErrorCode

WORD = "FIXME"
CHUNK = 1 << 20  # bytes; the most that one read returns
MAX_FILE = 4 << 20  # bytes; of a bigger file only the beginning is looked at
MAX_MATCHES = 1000  # the most that one search returns
MAX_FINDINGS = 100  # the most that one report holds
MAX_CLEARED = 1000  # the most that one report clears
MAX_KEY_PATH = 251  # bytes; a key has at most 256, and begins with `file:`
MAX_EXCERPT = 400  # bytes
MAX_TITLE = 120  # characters
BLANKS = " \t\r"


class Manifest(wit_world.exports.Manifest):
    def describe(self) -> Description:
        return Description(
            name="todo-python",
            version="0.1.0",
            summary="Reports files in which a FIXME is left (an example in Python)",
            requests=[Request("project", ["**"], "to look for FIXME in the project's files")],
        )


class Detector(wit_world.exports.Detector):
    def interests(self) -> list[Interest]:
        return [
            Interest("kairos.loaded", [], "to look at the whole project when the plugin or its grants are new"),
            Interest("project.opened", [], "to look at the whole project once"),
            Interest("file.created", [], "to look at a new file"),
            Interest("file.modified", [], "to look at a changed file again"),
        ]

    def detect(self, signals) -> Report:
        swept = None
        if any(signal.kind in ("kairos.loaded", "project.opened") for signal in signals):
            swept = sweep()
        # By path: a dict keeps the order and counts each file once.
        findings = {} if swept is None else swept
        cleared = [] if swept is None else ["file:*"]

        for path in changed_paths(signals):
            if path in findings:
                continue
            try:
                found = look(path)
            except Err as error:
                if error.value.code != ErrorCode.NOT_FOUND:
                    # Nothing is known about the file, so nothing is said about it.
                    log.write(log.Level.WARN, f"can't read {path}: {error.value.message}")
                    continue
                found = None
            if found is not None:
                findings[path] = finding(path, *found)
            elif swept is None:
                cleared.append(f"file:{path}")

        if len(findings) > MAX_FINDINGS:
            log.write(log.Level.WARN, f"{len(findings)} files have a {WORD}, the first {MAX_FINDINGS} are reported")
        return Report(cleared[:MAX_CLEARED], list(findings.values())[:MAX_FINDINGS], None)


def sweep() -> dict[str, Finding] | None:
    """All files with the word, by path; none when the user has not granted the project."""
    options = project.SearchOptions(globs=[], literal=True, ignore_case=False, max_matches=MAX_MATCHES)
    try:
        matches = project.search(WORD, options)
    except Err as error:
        if error.value.code != ErrorCode.DENIED:
            raise  # componentize-py hands the error to the host as detect's own
        log.write(log.Level.WARN, f"can't search the project: {error.value.message}")
        return None
    found: dict[str, Finding] = {}
    for match in matches:
        if match.path not in found and usable(match.path):
            found[match.path] = finding(match.path, match.line, match.text.strip(BLANKS))
    return found


def changed_paths(signals) -> list[str]:
    """The paths of all file signals, each once. Kinds and attributes that aren't known are left alone."""
    paths: dict[str, None] = {}
    for signal in signals:
        if signal.kind.startswith("file."):
            path = next((a.value for a in signal.attributes if a.name == "path"), None)
            if path is not None and usable(path):
                paths[path] = None
    return list(paths)


def usable(path: str) -> bool:
    """Fits a key and a line: not too long, no control characters, no `*` at the end (it would name many keys)."""
    size = len(path.encode())
    return 0 < size <= MAX_KEY_PATH and not path.endswith("*") and all(c >= " " and c != "\x7f" for c in path)


def look(path: str) -> tuple[int, str] | None:
    """The first line with the word, as its number and an excerpt. Files with a zero byte aren't text."""
    content = b""
    while len(content) < MAX_FILE:
        chunk = project.read(path, len(content), CHUNK)
        content += chunk
        if len(chunk) < CHUNK:
            break
    at = content.find(WORD.encode())
    if at < 0 or b"\0" in content:
        return None
    start = content.rfind(b"\n", 0, at) + 1
    end = content.find(b"\n", at)
    line = content[start : end if end >= 0 else len(content)]
    return content.count(b"\n", 0, at) + 1, excerpt(line)


def excerpt(line: bytes) -> str:
    """At most 400 bytes of a line, cut between characters, without blanks around it."""
    if len(line) > MAX_EXCERPT:
        end = MAX_EXCERPT
        while end > 0 and line[end] & 0xC0 == 0x80:
            end -= 1
        line = line[:end]
    line = line.strip(BLANKS.encode())
    try:
        return line.decode()
    except UnicodeDecodeError:
        return "".join(chr(byte) if byte < 0x80 else "?" for byte in line)


def finding(path: str, line: int, text: str) -> Finding:
    title = f"{WORD} left in {path}"
    if len(title) > MAX_TITLE:
        title = title[: MAX_TITLE - 1] + "…"
    return Finding(
        key=f"file:{path}",
        title=title,
        detail=f"The file has the word {WORD}; the first one is in line {line}.",
        urgency=Urgency.LOW,
        evidence=[Evidence("file", path, line, text)],
        remedy="Fix it, or move it to the issue tracker.",
    )
