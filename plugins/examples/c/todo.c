// todo-c: a detector that reports each file in which a FIXME is left.
//
// The same plugin exists in JavaScript and in Python; the three say the same about the same project.
// `wit/detector/detector.wit` and `wit/host/*.wit` are the contract; generated/ is what `wit-bindgen c` makes of it.
//
// Who frees what: the arguments of an exported function and the answers of the host are ours to free, and what we return
// the caller frees, string by string. So whatever is put into a result is a copy on the heap, never a literal.

#include <stdlib.h>
#include <string.h>

#include "detector_plugin.h"

typedef detector_plugin_string_t text; // not terminated by zero
typedef detector_plugin_list_u8_t bytes;
typedef kairos_host_types_error_t host_error;
typedef exports_kairos_detector_detector_finding_t finding;
typedef exports_kairos_detector_detector_list_signal_t signal_list;

#define WORD "FIXME"
#define WORD_SIZE (sizeof(WORD) - 1)
#define CHUNK (1u << 20)   // bytes; the most that one read returns
#define MAX_FILE (4u << 20) // bytes; of a bigger file only the beginning is looked at
#define MAX_MATCHES 1000   // the most that one search returns
#define MAX_FINDINGS 100   // the most that one report holds
#define MAX_CLEARED 1000   // the most that one report clears
#define MAX_KEY_PATH 251   // bytes; a key has at most 256, and begins with `file:`
#define MAX_EXCERPT 400    // bytes
#define MAX_TITLE 120      // characters

// A file with the word. Both texts are on the heap.
typedef struct {
  text path;
  uint32_t line;
  text excerpt;
} hit;

typedef struct {
  hit *ptr;
  size_t len;
} hit_list;

// The generated code asks for this symbol, to make sure that the description of the contract is linked in. build.sh puts
// that in with `wasm-tools component embed`, so that no object file has to be kept with the source.
void __component_type_object_force_link_detector_plugin(void) {}

// ---- texts

static void *allocate(size_t size) {
  void *memory = malloc(size ? size : 1);
  if (!memory) abort(); // a trap: the host drops the instance and names the plugin
  return memory;
}

static text borrow(const char *literal) { return (text){(uint8_t *)literal, strlen(literal)}; }

// An empty text has no memory: the generated code frees only what is not empty.
static text join(text left, text right) {
  text to = {NULL, left.len + right.len};
  if (to.len) to.ptr = allocate(to.len);
  if (left.len) memcpy(to.ptr, left.ptr, left.len);
  if (right.len) memcpy(to.ptr + left.len, right.ptr, right.len);
  return to;
}

static text copy(text from) { return join(from, (text){NULL, 0}); }

static text owned(const char *literal) { return copy(borrow(literal)); }

static bool same(text left, text right) {
  return left.len == right.len && (left.len == 0 || memcmp(left.ptr, right.ptr, left.len) == 0);
}

static bool is(text value, const char *literal) { return same(value, borrow(literal)); }

static bool begins(text value, const char *literal) {
  size_t size = strlen(literal);
  return value.len >= size && memcmp(value.ptr, literal, size) == 0;
}

// The number in decimal, written to the end of a buffer of at least 10 bytes.
static text decimal(uint32_t number, uint8_t *buffer, size_t size) {
  size_t at = size;
  do {
    buffer[--at] = '0' + number % 10;
    number /= 10;
  } while (number);
  return (text){buffer + at, size - at};
}

static bool continues(uint8_t byte) { return (byte & 0xC0) == 0x80; }

static bool blank(uint8_t byte) { return byte == ' ' || byte == '\t' || byte == '\r'; }

static text trim(text value) {
  while (value.len && blank(value.ptr[0])) value.ptr++, value.len--;
  while (value.len && blank(value.ptr[value.len - 1])) value.len--;
  return value;
}

static bool is_utf8(text value) {
  for (size_t i = 0; i < value.len;) {
    uint8_t lead = value.ptr[i];
    if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4) return false;
    size_t more = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    if (more >= value.len - i) return false;
    for (size_t k = 1; k <= more; k++)
      if (!continues(value.ptr[i + k])) return false;
    uint8_t next = more ? value.ptr[i + 1] : 0;
    // Longer than needed, a surrogate, or past the last character there is.
    if ((lead == 0xE0 && next < 0xA0) || (lead == 0xED && next > 0x9F) || (lead == 0xF0 && next < 0x90) || (lead == 0xF4 && next > 0x8F))
      return false;
    i += more + 1;
  }
  return true;
}

// At most 400 bytes of a line, cut between characters, without blanks around it.
static text excerpt(text line) {
  if (line.len > MAX_EXCERPT) {
    line.len = MAX_EXCERPT;
    while (line.len && continues(line.ptr[line.len])) line.len--;
  }
  text cut = copy(trim(line));
  if (!is_utf8(cut))
    for (size_t i = 0; i < cut.len; i++)
      if (cut.ptr[i] >= 0x80) cut.ptr[i] = '?';
  return cut;
}

// Writes a warning made of two texts; the first one is freed.
static void warn(text first, text second) {
  text line = join(first, second);
  kairos_host_log_write(KAIROS_HOST_LOG_LEVEL_WARN, &line);
  free(first.ptr);
  free(line.ptr);
}

// ---- looking

// Fits a key and a line: not too long, no control characters, no `*` at the end (it would name many keys).
static bool usable(text path) {
  for (size_t i = 0; i < path.len; i++)
    if (path.ptr[i] < 0x20 || path.ptr[i] == 0x7F) return false;
  return path.len > 0 && path.len <= MAX_KEY_PATH && path.ptr[path.len - 1] != '*';
}

static bool holds(const hit_list *hits, text path) {
  for (size_t i = 0; i < hits->len; i++)
    if (same(hits->ptr[i].path, path)) return true;
  return false;
}

static void add(hit_list *hits, text path, uint32_t line, text excerpt) {
  hit *grown = realloc(hits->ptr, (hits->len + 1) * sizeof(hit));
  if (!grown) abort();
  hits->ptr = grown;
  hits->ptr[hits->len++] = (hit){copy(path), line, excerpt};
}

// Reads the beginning of a file. `content` has to be freed, `err` too where it fails.
static bool read_file(text path, text *content, host_error *err) {
  *content = (text){NULL, 0};
  while (content->len < MAX_FILE) {
    bytes chunk;
    if (!kairos_host_project_read(&path, content->len, CHUNK, &chunk, err)) {
      free(content->ptr);
      return false;
    }
    text all = join(*content, (text){chunk.ptr, chunk.len});
    bool last = chunk.len < CHUNK;
    detector_plugin_list_u8_free(&chunk);
    free(content->ptr);
    *content = all;
    if (last) break;
  }
  return true;
}

static size_t find_word(text content) {
  for (size_t i = 0; i + WORD_SIZE <= content.len; i++)
    if (memcmp(content.ptr + i, WORD, WORD_SIZE) == 0) return i;
  return content.len;
}

// Adds the file where its content has the word. Files with a zero byte aren't text.
static bool look(hit_list *hits, text path, text content) {
  size_t at = find_word(content);
  if (at == content.len || memchr(content.ptr, 0, content.len)) return false;
  uint32_t line = 1;
  size_t start = 0, end = at;
  for (size_t i = 0; i < at; i++)
    if (content.ptr[i] == '\n') line++, start = i + 1;
  while (end < content.len && content.ptr[end] != '\n') end++;
  add(hits, path, line, excerpt((text){content.ptr + start, end - start}));
  return true;
}

// Adds all files with the word. `granted` is false when the user has not granted the project.
static bool sweep(hit_list *hits, bool *granted, host_error *err) {
  text pattern = borrow(WORD);
  kairos_host_project_search_options_t options = {{NULL, 0}, true, false, MAX_MATCHES};
  kairos_host_project_list_match_t matches;
  *granted = kairos_host_project_search(&pattern, &options, &matches, err);
  if (!*granted) {
    if (err->code != KAIROS_HOST_TYPES_ERROR_CODE_DENIED) return false;
    warn(owned("can't search the project: "), err->message);
    kairos_host_types_error_free(err);
    return true;
  }
  for (size_t i = 0; i < matches.len; i++) {
    kairos_host_project_match_t *match = &matches.ptr[i];
    if (usable(match->path) && !holds(hits, match->path)) add(hits, match->path, match->line, copy(trim(match->text)));
  }
  kairos_host_project_list_match_free(&matches);
  return true;
}

// The paths of all file signals, each once; borrowed from the signals. Unknown kinds and attributes are left alone.
static size_t changed_paths(const signal_list *signals, text *paths) {
  size_t count = 0;
  for (size_t i = 0; i < signals->len; i++) {
    kairos_host_types_signal_t *signal = &signals->ptr[i];
    if (!begins(signal->kind, "file.")) continue;
    for (size_t k = 0; k < signal->attributes.len; k++) {
      if (!is(signal->attributes.ptr[k].name, "path")) continue;
      text path = signal->attributes.ptr[k].value;
      size_t known = 0;
      while (known < count && !same(paths[known], path)) known++;
      if (known == count && usable(path)) paths[count++] = path;
      break;
    }
  }
  return count;
}

// ---- saying

static text title(text path) {
  text whole = join(borrow(WORD " left in "), path);
  size_t characters = 0, keep = 0;
  for (size_t i = 0; i < whole.len; i++) {
    if (continues(whole.ptr[i])) continue;
    if (characters++ == MAX_TITLE - 1) keep = i;
  }
  if (characters <= MAX_TITLE) return whole;
  text cut = join((text){whole.ptr, keep}, borrow("\xE2\x80\xA6")); // an ellipsis
  free(whole.ptr);
  return cut;
}

static finding say(const hit *hit) {
  uint8_t buffer[10];
  text digits = decimal(hit->line, buffer, sizeof buffer);
  text begin = join(borrow("The file has the word " WORD "; the first one is in line "), digits);
  exports_kairos_detector_detector_evidence_t *evidence = allocate(sizeof *evidence);
  *evidence = (exports_kairos_detector_detector_evidence_t){owned("file"), copy(hit->path), {true, hit->line}, copy(hit->excerpt)};
  finding said = {
      .key = join(borrow("file:"), hit->path),
      .title = title(hit->path),
      .detail = join(begin, borrow(".")),
      .urgency = EXPORTS_KAIROS_DETECTOR_DETECTOR_URGENCY_LOW,
      .evidence = {evidence, 1},
      .remedy = {true, owned("Fix it, or move it to the issue tracker.")},
  };
  free(begin.ptr);
  return said;
}

// ---- what the host calls

void exports_kairos_host_manifest_describe(exports_kairos_host_manifest_description_t *ret) {
  exports_kairos_host_manifest_request_t *request = allocate(sizeof *request);
  text *scope = allocate(sizeof *scope);
  *scope = owned("**");
  *request = (exports_kairos_host_manifest_request_t){owned("project"), {scope, 1}, owned("to look for FIXME in the project's files")};
  ret->name = owned("todo-c");
  ret->version = owned("0.1.0");
  ret->summary = owned("Reports files in which a FIXME is left (an example in C)");
  ret->requests = (exports_kairos_host_manifest_list_request_t){request, 1};
}

void exports_kairos_detector_detector_interests(exports_kairos_detector_detector_list_interest_t *ret) {
  static const char *const wanted[][2] = {
      {"kairos.loaded", "to look at the whole project when the plugin or its grants are new"},
      {"project.opened", "to look at the whole project once"},
      {"file.created", "to look at a new file"},
      {"file.modified", "to look at a changed file again"},
  };
  ret->len = sizeof wanted / sizeof wanted[0];
  ret->ptr = allocate(ret->len * sizeof *ret->ptr);
  for (size_t i = 0; i < ret->len; i++)
    ret->ptr[i] = (exports_kairos_detector_detector_interest_t){owned(wanted[i][0]), {NULL, 0}, owned(wanted[i][1])};
}

bool exports_kairos_detector_detector_detect(signal_list *signals, exports_kairos_detector_detector_report_t *ret, host_error *err) {
  bool asked = false, swept = false, well = true;
  hit_list hits = {NULL, 0};
  for (size_t i = 0; i < signals->len; i++)
    asked |= is(signals->ptr[i].kind, "kairos.loaded") || is(signals->ptr[i].kind, "project.opened");
  if (asked) well = sweep(&hits, &swept, err);

  text *paths = allocate(signals->len * sizeof *paths);
  text *cleared = allocate((signals->len + 1) * sizeof *cleared);
  size_t clears = 0;
  size_t count = well ? changed_paths(signals, paths) : 0;
  if (swept) cleared[clears++] = owned("file:*");
  for (size_t i = 0; i < count; i++) {
    if (holds(&hits, paths[i])) continue;
    text content = {NULL, 0};
    host_error failed;
    if (!read_file(paths[i], &content, &failed)) {
      bool gone = failed.code == KAIROS_HOST_TYPES_ERROR_CODE_NOT_FOUND;
      if (!gone) {
        // Nothing is known about the file, so nothing is said about it.
        text what = join(paths[i], borrow(": "));
        warn(join(borrow("can't read "), what), failed.message);
        free(what.ptr);
      }
      kairos_host_types_error_free(&failed);
      if (!gone) continue;
    } else {
      bool found = look(&hits, paths[i], content);
      free(content.ptr);
      if (found) continue;
    }
    if (!swept && clears < MAX_CLEARED) cleared[clears++] = join(borrow("file:"), paths[i]);
  }

  size_t said = hits.len < MAX_FINDINGS ? hits.len : MAX_FINDINGS;
  if (said < hits.len) {
    uint8_t buffer[10];
    warn(copy(decimal(hits.len, buffer, sizeof buffer)), borrow(" files have a " WORD ", the first 100 are reported"));
  }
  if (well) {
    ret->cleared = (detector_plugin_list_string_t){cleared, clears};
    ret->findings.ptr = allocate(said * sizeof(finding));
    ret->findings.len = said;
    for (size_t i = 0; i < said; i++) ret->findings.ptr[i] = say(&hits.ptr[i]);
    ret->wake_after = (detector_plugin_option_u32_t){false, 0};
  }

  // What holds nothing is ours to free, as with texts.
  if (!well || clears == 0) free(cleared);
  if (well && said == 0) free(ret->findings.ptr);
  for (size_t i = 0; i < hits.len; i++) free(hits.ptr[i].path.ptr), free(hits.ptr[i].excerpt.ptr);
  free(hits.ptr);
  free(paths);
  exports_kairos_detector_detector_list_signal_free(signals);
  return well;
}
