// todo-js: a detector that reports each file in which a FIXME is left.
//
// The same plugin exists in Python and in C; the three say the same about the same project.
// `wit/detector/detector.wit` and `wit/host/*.wit` are the contract. The engine is QuickJS: there is the language itself,
// and nothing of a browser or of Node (no TextDecoder, no fetch, no timers).

import log from "kairos:host/log@0.1.0";
import project from "kairos:host/project@0.1.0";

const WORD = "FIXME";
const WORD_BYTES = Array.from(WORD, (letter) => letter.charCodeAt(0));
const CHUNK = 1 << 20; // bytes; the most that one read returns
const MAX_FILE = 4 << 20; // bytes; of a bigger file only the beginning is looked at
const MAX_MATCHES = 1000; // the most that one search returns
const MAX_FINDINGS = 100; // the most that one report holds
const MAX_CLEARED = 1000; // the most that one report clears
const MAX_KEY_PATH = 251; // bytes; a key has at most 256, and begins with `file:`
const MAX_EXCERPT = 400; // bytes
const MAX_TITLE = 120; // characters
const NEWLINE = 10;

export const manifest = {
  describe() {
    return {
      name: "todo-js",
      version: "0.1.0",
      summary: "Reports files in which a FIXME is left (an example in JavaScript)",
      requests: [{ capability: "project", scope: ["**"], reason: "to look for FIXME in the project's files" }],
    };
  },
};

export const detector = {
  interests() {
    return [
      { kind: "kairos.loaded", paths: [], reason: "to look at the whole project when the plugin or its grants are new" },
      { kind: "project.opened", paths: [], reason: "to look at the whole project once" },
      { kind: "file.created", paths: [], reason: "to look at a new file" },
      { kind: "file.modified", paths: [], reason: "to look at a changed file again" },
    ];
  },

  // What is thrown here has to be a `kairos:host/types.error`: the host gets it as detect's error.
  detect(signals) {
    let swept = null;
    if (signals.some((signal) => signal.kind === "kairos.loaded" || signal.kind === "project.opened")) {
      swept = sweep();
    }
    // By path: a Map keeps the order and counts each file once.
    const findings = swept ?? new Map();
    const cleared = swept ? ["file:*"] : [];

    for (const path of changedPaths(signals)) {
      if (findings.has(path)) {
        continue;
      }
      let found = null;
      try {
        found = look(path);
      } catch (error) {
        if (hostError(error).code !== "not-found") {
          // Nothing is known about the file, so nothing is said about it.
          log.write("warn", `can't read ${path}: ${hostError(error).message}`);
          continue;
        }
      }
      if (found) {
        findings.set(path, finding(path, found.line, found.text));
      } else if (!swept) {
        cleared.push(`file:${path}`);
      }
    }

    if (findings.size > MAX_FINDINGS) {
      log.write("warn", `${findings.size} files have a ${WORD}, the first ${MAX_FINDINGS} are reported`);
    }
    return {
      cleared: cleared.slice(0, MAX_CLEARED),
      findings: Array.from(findings.values()).slice(0, MAX_FINDINGS),
      wakeAfter: null,
    };
  },
};

// All files with the word, by path; null when the user has not granted the project.
function sweep() {
  let matches;
  try {
    matches = project.search(WORD, { globs: [], literal: true, ignoreCase: false, maxMatches: MAX_MATCHES });
  } catch (error) {
    const { code, message } = hostError(error);
    if (code !== "denied") {
      throw { code, message };
    }
    log.write("warn", `can't search the project: ${message}`);
    return null;
  }
  const found = new Map();
  for (const match of matches) {
    if (!found.has(match.path) && usable(match.path)) {
      found.set(match.path, finding(match.path, match.line, trim(match.text)));
    }
  }
  return found;
}

// The record that a host function failed with. Anything else is a fault of this file, and traps.
function hostError(thrown) {
  const error = thrown?.payload ?? thrown;
  if (typeof error?.code !== "string") {
    throw thrown;
  }
  return error;
}

// The paths of all file signals, each once. Kinds and attributes that aren't known are left alone.
function changedPaths(signals) {
  const paths = new Set();
  for (const signal of signals) {
    if (signal.kind.startsWith("file.")) {
      const path = signal.attributes.find((attribute) => attribute.name === "path")?.value;
      if (path !== undefined && usable(path)) {
        paths.add(path);
      }
    }
  }
  return paths;
}

// Fits a key and a line: not too long, no control characters, no `*` at the end (it would name many keys).
function usable(path) {
  let size = 0;
  for (const character of path) {
    const code = character.codePointAt(0);
    if (code < 0x20 || code === 0x7f) {
      return false;
    }
    size += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return size > 0 && size <= MAX_KEY_PATH && !path.endsWith("*");
}

// The first line with the word, as its number and an excerpt. Files with a zero byte aren't text.
function look(path) {
  const content = read(path);
  const at = indexOfWord(content);
  if (at < 0 || content.includes(0)) {
    return null;
  }
  let line = 1;
  let start = 0;
  let end = content.indexOf(NEWLINE);
  while (end >= 0 && end < at) {
    line += 1;
    start = end + 1;
    end = content.indexOf(NEWLINE, start);
  }
  return { line, text: excerpt(content.subarray(start, end < 0 ? content.length : end)) };
}

function read(path) {
  const chunks = [];
  let size = 0;
  while (size < MAX_FILE) {
    const chunk = project.read(path, size, CHUNK);
    chunks.push(chunk);
    size += chunk.length;
    if (chunk.length < CHUNK) {
      break;
    }
  }
  const content = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    content.set(chunk, offset);
    offset += chunk.length;
  }
  return content;
}

// Jumps from F to F with the engine's own search: a loop over every byte would be slow in an interpreter.
function indexOfWord(content) {
  let at = content.indexOf(WORD_BYTES[0]);
  while (at >= 0 && !WORD_BYTES.every((byte, i) => content[at + i] === byte)) {
    at = content.indexOf(WORD_BYTES[0], at + 1);
  }
  return at;
}

// At most 400 bytes of a line, cut between characters, without blanks around it.
function excerpt(line) {
  if (line.length > MAX_EXCERPT) {
    let end = MAX_EXCERPT;
    while (end > 0 && (line[end] & 0xc0) === 0x80) {
      end -= 1;
    }
    line = line.subarray(0, end);
  }
  const bytes = Array.from(line);
  try {
    return trim(decodeURIComponent(bytes.map((byte) => "%" + byte.toString(16).padStart(2, "0")).join("")));
  } catch {
    return trim(bytes.map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : "?")).join(""));
  }
}

// Not String.trim: it takes away more kinds of blanks than the other two examples do.
function trim(text) {
  return text.replace(/^[ \t\r]+/, "").replace(/[ \t\r]+$/, "");
}

function finding(path, line, text) {
  const characters = Array.from(`${WORD} left in ${path}`);
  const fits = characters.length <= MAX_TITLE;
  return {
    key: `file:${path}`,
    title: fits ? characters.join("") : characters.slice(0, MAX_TITLE - 1).join("") + "…",
    detail: `The file has the word ${WORD}; the first one is in line ${line}.`,
    urgency: "low",
    evidence: [{ kind: "file", subject: path, line, excerpt: text }],
    remedy: "Fix it, or move it to the issue tracker.",
  };
}
