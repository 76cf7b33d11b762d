//! From the syntax tree to the simple commands, files and doubts in it.

use super::word::{EXPANSION, SUBSTITUTION, Word, cook};
use super::{Line, MAX_BYTES, MAX_DEPTH, MAX_OPENERS, MAX_PARTS, Use, openers};
use crate::path::normal;
use brush_parser::ast::{
    AndOr, AndOrList, Command, CommandPrefixOrSuffixItem as Item, CompoundCommand, CompoundList, ExtendedTestExpr,
    IoFileRedirectKind, IoFileRedirectTarget, IoRedirect, Pipeline, SimpleCommand, SubshellCommand, Word as Raw,
};
use brush_parser::word::{WordPiece, WordPieceWithSource, parse_heredoc};
use brush_parser::{ParserOptions, TokenizerOptions, parse_tokens, uncached_tokenize_str};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Walks through a line, and through the lines in it.
pub(super) struct Walk<'a> {
    pub line: &'a mut Line,
    pub home: &'a Path,
    /// Where it may be: where it began, and where it went.
    pub folders: Vec<PathBuf>,
    pub moved: bool,
    /// A program that behaves by the folder it is in.
    pub steered: bool,
    depth: usize,
    openers: usize,
}

/// As `bash -c` reads it.
fn options() -> ParserOptions {
    ParserOptions { enable_extended_globbing: false, ..ParserOptions::default() }
}

impl<'a> Walk<'a> {
    pub fn new(line: &'a mut Line, cwd: &Path, home: &'a Path) -> Self {
        Self { line, home, folders: vec![normal(Path::new("/"), cwd)], moved: false, steered: false, depth: 0, openers: 0 }
    }

    pub fn doubt(&mut self, why: impl Into<Cow<'static, str>>) {
        self.line.doubt(why);
    }

    /// Once all is seen.
    pub fn finish(&mut self) {
        if self.moved && self.steered {
            self.doubt("it goes to another folder and runs there what that folder's own settings decide");
        }
    }

    /// A whole program text: the line, or what a shell in it would run.
    pub fn program(&mut self, text: &str) {
        self.openers += openers(text);
        if self.openers > MAX_OPENERS || text.len() > MAX_BYTES {
            return self.doubt(TOO_DEEP);
        }
        self.deeper(|walk| {
            let options = TokenizerOptions { enable_extended_globbing: false, ..TokenizerOptions::default() };
            let tokens = uncached_tokenize_str(text, &options);
            match tokens.ok().and_then(|tokens| parse_tokens(&tokens, &self::options()).ok()) {
                Some(program) => program.complete_commands.iter().for_each(|list| walk.list(list)),
                None => walk.doubt("it can't be parsed as a command line"),
            }
        });
    }

    /// Looks into what is within, up to a limit.
    pub fn deeper(&mut self, look: impl FnOnce(&mut Self)) {
        if self.depth >= MAX_DEPTH {
            return self.doubt(TOO_DEEP);
        }
        self.depth += 1;
        look(self);
        self.depth -= 1;
    }

    fn list(&mut self, list: &CompoundList) {
        for item in &list.0 {
            self.and_or(&item.0);
        }
    }

    fn and_or(&mut self, list: &AndOrList) {
        self.pipeline(&list.first);
        for more in &list.additional {
            match more {
                AndOr::And(pipeline) | AndOr::Or(pipeline) => self.pipeline(pipeline),
            }
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        pipeline.seq.iter().for_each(|command| self.command(command));
    }

    fn command(&mut self, command: &Command) {
        match command {
            Command::Simple(simple) => self.simple(simple),
            Command::Compound(compound, redirects) => {
                self.compound(compound);
                redirects.iter().flat_map(|list| &list.0).for_each(|r| self.redirect(r));
            }
            Command::Function(function) => {
                self.doubt("it defines a function, which may stand for a known command");
                self.compound(&function.body.0);
                function.body.1.iter().flat_map(|list| &list.0).for_each(|r| self.redirect(r));
            }
            Command::ExtendedTest(test, redirects) => {
                self.test(&test.expr);
                redirects.iter().flat_map(|list| &list.0).for_each(|r| self.redirect(r));
            }
        }
    }

    fn compound(&mut self, compound: &CompoundCommand) {
        match compound {
            CompoundCommand::Arithmetic(_) => self.doubt(ARITHMETIC),
            CompoundCommand::ArithmeticForClause(clause) => {
                self.doubt(ARITHMETIC);
                self.list(&clause.body.list);
            }
            CompoundCommand::BraceGroup(group) => self.list(&group.list),
            CompoundCommand::Subshell(subshell) => self.list(&subshell.list),
            CompoundCommand::ForClause(clause) => {
                clause.values.iter().flatten().for_each(|word| _ = self.word(word));
                self.list(&clause.body.list);
            }
            CompoundCommand::CaseClause(clause) => {
                self.word(&clause.value);
                for case in &clause.cases {
                    // Patterns are no names of files, but commands may be in them.
                    case.patterns.iter().for_each(|pattern| self.inner(&pattern.value));
                    case.cmd.iter().for_each(|list| self.list(list));
                }
            }
            CompoundCommand::IfClause(clause) => {
                self.list(&clause.condition);
                self.list(&clause.then);
                for other in clause.elses.iter().flatten() {
                    other.condition.iter().for_each(|list| self.list(list));
                    self.list(&other.body);
                }
            }
            CompoundCommand::WhileClause(clause) | CompoundCommand::UntilClause(clause) => {
                self.list(&clause.0);
                self.list(&clause.1.list);
            }
            CompoundCommand::Coprocess(clause) => {
                self.doubt("it runs a command beside itself");
                self.command(&clause.body);
            }
        }
    }

    /// `[[ ... ]]` computes; what it compares may be an expression with a command in it.
    fn test(&mut self, expr: &ExtendedTestExpr) {
        match expr {
            ExtendedTestExpr::And(a, b) | ExtendedTestExpr::Or(a, b) => {
                self.test(a);
                self.test(b);
            }
            ExtendedTestExpr::Not(a) | ExtendedTestExpr::Parenthesized(a) => self.test(a),
            ExtendedTestExpr::UnaryTest(_, word) => self.compared(word),
            ExtendedTestExpr::BinaryTest(_, a, b) => {
                self.compared(a);
                self.compared(b);
            }
        }
    }

    fn compared(&mut self, word: &Raw) {
        self.word(word);
        if word.value.contains('[') {
            self.doubt(ARITHMETIC);
        }
    }

    fn simple(&mut self, command: &SimpleCommand) {
        let mut words = Vec::new();
        let prefix = command.prefix.iter().flat_map(|p| &p.0);
        for item in prefix {
            match item {
                Item::AssignmentWord(_, word) | Item::Word(word) => self.assignment(&word.value),
                other => words.extend(self.item(other)),
            }
        }
        words.extend(command.word_or_name.iter().map(|word| self.word(word)));
        for item in command.suffix.iter().flat_map(|s| &s.0) {
            words.extend(self.item(item));
        }
        if !words.is_empty() {
            self.words(&words, true);
        }
    }

    fn item(&mut self, item: &Item) -> Option<Word> {
        match item {
            Item::IoRedirect(redirect) => {
                self.redirect(redirect);
                None
            }
            Item::Word(word) | Item::AssignmentWord(_, word) => Some(self.word(word)),
            Item::ProcessSubstitution(_, subshell) => Some(self.substituted(subshell)),
        }
    }

    /// The program gets the name of a pipe.
    fn substituted(&mut self, subshell: &SubshellCommand) -> Word {
        self.list(&subshell.list);
        Word { raw: "<(...)".into(), text: "/dev/fd/63".into(), ..Word::default() }
    }

    /// `NAME=value` before a command, or alone.
    pub fn assignment(&mut self, raw: &str) {
        let (name, value) = raw.split_once('=').unwrap_or((raw, ""));
        if !HARMLESS_VARIABLES.contains(&name) && !name.starts_with("LC_") {
            self.doubt(format!(
                "it sets the variable {}, which may change what is run",
                name.chars().take(40).collect::<String>()
            ));
        }
        let word = Raw::new(value);
        self.word(&word);
    }

    /// Takes quotes away, and looks at the commands in it.
    fn word(&mut self, word: &Raw) -> Word {
        let cooked = cook(&word.value, self.home);
        if let Some(doubt) = cooked.doubt {
            self.doubt(doubt);
            if doubt == SUBSTITUTION || doubt == EXPANSION {
                self.inner(&word.value);
            }
        }
        cooked
    }

    /// Commands in a word that is not certain.
    fn inner(&mut self, raw: &str) {
        if !raw.contains(['$', '`']) {
            return;
        }
        self.doubt(if raw.contains("$(") || raw.contains('`') { SUBSTITUTION } else { EXPANSION });
        match parse_heredoc(raw, &options()) {
            Ok(pieces) => self.pieces(&pieces),
            Err(_) => self.doubt("a word of it can't be parsed"),
        }
    }

    fn pieces(&mut self, pieces: &[WordPieceWithSource]) {
        for piece in pieces {
            match &piece.piece {
                WordPiece::CommandSubstitution(text) | WordPiece::BackquotedCommandSubstitution(text) => self.program(text),
                WordPiece::DoubleQuotedSequence(inner) | WordPiece::GettextDoubleQuotedSequence(inner) => self.pieces(inner),
                _ => {}
            }
        }
    }

    fn redirect(&mut self, redirect: &IoRedirect) {
        match redirect {
            IoRedirect::File(_, kind, target) => {
                let usage = match kind {
                    IoFileRedirectKind::Read | IoFileRedirectKind::DuplicateInput => Use::Read,
                    _ => Use::Edit,
                };
                match target {
                    IoFileRedirectTarget::Filename(word) => self.file(usage, word),
                    // `>&2`, `>&-`; else a file, as `>&name` writes there.
                    IoFileRedirectTarget::Duplicate(word) => {
                        if !word.value.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
                            self.file(usage, word);
                        }
                    }
                    IoFileRedirectTarget::Fd(_) => {}
                    IoFileRedirectTarget::ProcessSubstitution(_, subshell) => _ = self.substituted(subshell),
                }
            }
            IoRedirect::OutputAndError(word, _) => self.file(Use::Edit, word),
            IoRedirect::HereString(_, word) => _ = self.word(word),
            IoRedirect::HereDocument(_, document) => {
                if document.requires_expansion {
                    self.inner(&document.doc.value);
                }
            }
        }
    }

    fn file(&mut self, usage: Use, word: &Raw) {
        let word = self.word(word);
        match word.text.as_str() {
            "/dev/null" | "/dev/stdout" | "/dev/stderr" | "/dev/stdin" | "/dev/tty" => {}
            net if net.starts_with("/dev/tcp/") || net.starts_with("/dev/udp/") => self.doubt("it opens a connection"),
            path => self.path(usage, path),
        }
    }

    /// Relative to wherever it may be then.
    pub fn path(&mut self, usage: Use, path: &str) {
        if self.line.files.len() + self.folders.len() > MAX_PARTS {
            return self.doubt("it is too long to be looked into");
        }
        self.line.files.extend(self.folders.iter().map(|folder| (usage, normal(folder, Path::new(path)))));
    }
}

const TOO_DEEP: &str = "it is nested too deep to be looked into";
const ARITHMETIC: &str = "it computes, and in what it computes there may be a command";

/// Variables that change what a program says, not what it runs.
const HARMLESS_VARIABLES: &[&str] = &[
    "CARGO_TERM_COLOR",
    "CI",
    "CLICOLOR",
    "COLUMNS",
    "FORCE_COLOR",
    "LANG",
    "LANGUAGE",
    "LINES",
    "NO_COLOR",
    "RUST_BACKTRACE",
    "RUST_LOG",
    "TERM",
    "TZ",
];
