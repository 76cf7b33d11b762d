//! Command lines that hide something, each with what has to be said of it; and plain ones, which have to pass.

use kairos_permit::{Action, Decision, Line, Own, Place, Rules};
use std::path::Path;
use std::sync::Arc;

use Decision::{Allow, Ask, Deny};

/// What a generous user might have allowed.
const ALLOWED: &[&str] = &[
    "Bash(git *)",
    "Bash(npm run test:*)",
    "Bash(cargo test *)",
    "Bash(ls *)",
    "Bash(cat *)",
    "Bash(grep *)",
    "Bash(find *)",
    "Bash(tar *)",
    "Bash(make)",
    "Bash(bash *)",
    "Bash(sh *)",
    "Bash(xargs *)",
    "Bash(env *)",
    "Bash(sudo *)",
    "Bash(tee *)",
    "Bash(python3 *)",
    "Bash(FOO=1 ./exact $(id))",
    "Edit(out/**)",
];
const FORBIDDEN: &[&str] = &["Bash(rm *)", "Bash(git push *)", "Bash(curl:*)", "Read(./secrets/**)", "Edit(keep/**)"];

fn rules() -> Rules {
    let own = Own {
        file: "test".into(),
        allow: ALLOWED.iter().map(|s| s.to_string()).collect(),
        deny: FORBIDDEN.iter().map(|s| s.to_string()).collect(),
        ..Own::default()
    };
    let place = Place { project: Path::new("/nowhere/project"), home: Path::new("/nowhere/home"), trusted: false };
    let (rules, problems) = Rules::load(place, &[own], Arc::new(|path| path.ends_with(".env")));
    assert_eq!(problems, []);
    rules
}

fn check(table: &[(&str, Decision)]) {
    let rules = rules();
    let mut wrong = Vec::new();
    for (text, expected) in table {
        let line = Line::parse(text, Path::new("/nowhere/project"), Path::new("/nowhere/home"));
        let verdict = rules.judge(&Action::Command(&line));
        if verdict.decision != *expected {
            wrong.push(format!("{text:?}: {:?}, not {expected:?}; {} {:?}", verdict.decision, verdict.why, verdict.by));
        }
        if verdict.decision == Ask {
            assert!(!verdict.why.is_empty() || verdict.by.is_some(), "{text}: no reason");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn plain_lines_pass() {
    check(&[
        ("git status", Allow),
        ("git", Allow),
        ("  git log --oneline -5  ", Allow),
        ("git commit -m 'a; rm -rf / $(id) `x`'", Allow),
        ("git commit -m \"fix: a (b) [c] & d | e\"", Allow),
        ("git switch -c new-branch", Allow),
        ("git --no-pager diff --stat HEAD~1", Allow),
        ("git stash list; git show stash@{0}", Allow),
        ("npm run test", Allow),
        ("npm run test -- --watch", Allow),
        ("git status && git diff || git log", Allow),
        ("git log | cat", Allow),
        ("cargo test 2>&1 | grep FAILED", Allow),
        ("RUST_BACKTRACE=1 cargo test foo", Allow),
        ("timeout 60 cargo test", Allow),
        ("nohup nice -n 5 timeout -k 5 60s cargo test x", Allow),
        ("time cargo test", Allow),
        ("bash -c 'git status && ls'", Allow),
        ("sh -euc 'git status'", Allow),
        ("eval git status", Allow),
        ("if git diff --quiet; then echo same; else ls -l; fi", Allow),
        ("for x in a b; do git status; done", Allow),
        ("case x in a) git log;; *) ls;; esac", Allow),
        ("while false; do ls; done", Allow),
        ("( git status; { ls; } )", Allow),
        ("cat <<'EOF'\n$(rm -rf /)\nEOF", Allow),
        ("cat <<EOF\nplain text\nEOF", Allow),
        ("ls > /dev/null 2>&1", Allow),
        ("ls > out/list", Allow),
        ("cat < src/main.rs", Allow),
        ("diff <(git show a) <(git show b)", Ask),
        ("cat <(git show a) <(git show b)", Allow),
        ("cd src && ls", Allow),
        ("echo hello; pwd; true", Allow),
        ("command -v git", Allow),
        ("git status # and a remark", Allow),
        ("git log \\\n  --oneline", Allow),
        ("find . -name '*.rs' -type f", Allow),
        ("bash build.sh", Allow),
        ("FOO=1 ./exact $(id)", Allow),
        ("make", Allow),
        ("make install", Ask),
        ("gitk", Ask),
        ("unknown", Ask),
    ]);
}

#[test]
fn what_is_hidden_is_found() {
    check(&[
        // More than one command.
        ("git status && unknown", Ask),
        ("git status; rm -rf x", Deny),
        ("git status | unknown", Ask),
        ("git status & unknown", Ask),
        ("git status\nunknown", Ask),
        ("git status\nrm x", Deny),
        ("git status\r\nunknown", Ask),
        ("git status || (ls; unknown)", Ask),
        ("if true; then rm x; fi", Deny),
        ("for x in a; do rm x; done", Deny),
        ("while true; do unknown; done", Ask),
        ("case x in a) rm x;; esac", Deny),
        ("{ rm x; }", Deny),
        ("! rm x", Deny),
        ("coproc rm x", Deny),
        // Substitutions.
        ("git log $(rm x)", Deny),
        ("git log `rm x`", Deny),
        ("git log \"$(rm x)\"", Deny),
        ("echo \"a `rm x` b\"", Deny),
        ("echo $(echo $(rm x))", Deny),
        ("git log $(git rev-parse HEAD)", Ask),
        ("cat <(rm x)", Deny),
        ("ls > >(rm x)", Deny),
        ("cat <<EOF\n$(rm x)\nEOF", Deny),
        ("cat <<EOF\n`unknown`\nEOF", Ask),
        ("cat <<< $(rm x)", Deny),
        ("git log ${x:-$(rm x)}", Ask),
        ("echo $((a[$(rm x)]))", Ask),
        ("(( a[$(id)] ))", Ask),
        ("[[ a[$(id)] -eq 1 ]]", Ask),
        ("case $(rm x) in a) ls;; esac", Deny),
        ("for x in $(rm x); do ls; done", Deny),
        ("x=$(rm x)", Deny),
        // Names that are known only when it runs.
        ("$CMD status", Ask),
        ("g${x}it status", Ask),
        ("git $ARGS", Ask),
        ("git log \"$REF\"", Ask),
        ("$(echo rm) x", Ask),
        ("git {-c,core.pager=x} log", Ask),
        ("git *", Ask),
        ("ls src/*", Ask),
        ("ls ~root/x", Ask),
        ("$'\\x72\\x6d' x", Ask),
        ("git log $'\\x2d\\x2doutput=x'", Ask),
        // The same program, written otherwise.
        ("/bin/rm x", Deny),
        ("../../bin/rm x", Deny),
        ("\\rm x", Deny),
        ("r''m x", Deny),
        ("\"rm\" x", Deny),
        ("r\\\nm x", Deny),
        ("RM x", Deny),
        ("./git status", Ask),
        ("/tmp/git status", Ask),
        ("./env git status", Ask),
        ("gіt status", Ask),
        ("git\u{a0}status", Ask),
        ("git status\u{202e}", Ask),
        ("git\u{200b} status", Ask),
        ("git status \u{1b}[2K", Ask),
        // Wrappers.
        ("env rm x", Deny),
        ("env -S 'rm x'", Deny),
        ("env -S'git status'", Ask),
        ("env --split-string='rm -rf x'", Deny),
        ("env -i -u HOME A=1 rm x", Deny),
        ("env A=1 git status", Ask),
        ("sudo rm x", Deny),
        ("sudo -u root git status", Ask),
        ("doas unknown", Ask),
        ("nohup rm x &", Deny),
        ("timeout -s KILL 5 rm x", Deny),
        ("timeout 5 unknown", Ask),
        ("nice -n 5 rm x", Deny),
        ("stdbuf -oL rm x", Deny),
        ("setsid rm x", Deny),
        ("command rm x", Deny),
        ("builtin eval 'rm x'", Deny),
        ("exec rm x", Deny),
        ("exec -a git unknown", Ask),
        ("/usr/bin/time -f %e rm x", Deny),
        ("busybox rm x", Deny),
        ("ls | xargs rm", Deny),
        ("ls | xargs -n 1 -I{} git log {}", Ask),
        ("find . -exec rm {} \\;", Deny),
        ("find . -execdir git log {} +", Ask),
        ("find . -ok rm {} ';'", Deny),
        ("find . -delete", Ask),
        ("find . -fprintf out/x y", Ask),
        ("sh -c 'rm x'", Deny),
        ("bash -c 'git status; rm x'", Deny),
        ("bash -lc 'git status'", Ask),
        ("bash --rcfile x -c ls", Ask),
        ("bash -c \"bash -c 'rm x'\"", Deny),
        ("bash -c \"$X\"", Ask),
        ("bash", Ask),
        ("cat x | bash", Ask),
        ("bash <<EOF\nrm x\nEOF", Ask),
        ("bash -s < x", Ask),
        ("eval 'rm x'", Deny),
        ("eval \"$X\"", Ask),
        ("source ./x", Ask),
        (". ./x", Ask),
        ("trap 'rm x' EXIT", Deny),
        ("watch rm x", Deny),
        ("env env env env env env env env env env env rm x", Ask),
        // What the shell remembers.
        ("alias git=rm; git x", Ask),
        ("git() { rm x; }; git x", Deny),
        ("function git { unknown; }; git x", Ask),
        ("hash -p /tmp/evil git; git status", Ask),
        ("enable -f ./x.so git", Ask),
        ("shopt -s expand_aliases", Ask),
        ("printf -v 'a[$(id)]' x", Ask),
        ("test -v 'a[$(id)]'", Ask),
        ("read x", Ask),
        ("export PATH=/tmp/evil; git status", Ask),
        ("PATH=/tmp/evil git status", Ask),
        ("LD_PRELOAD=./x.so git status", Ask),
        ("GIT_SSH_COMMAND='rm x' git fetch", Ask),
        ("GIT_EXTERNAL_DIFF=./x git diff", Ask),
        ("BASH_ENV=x bash -c ls", Ask),
        ("PAGER=./x git log", Ask),
        ("IFS=x git status", Ask),
        // git, and others that run more than they say.
        ("git push origin main", Deny),
        ("git -c a=b push origin main", Deny),
        ("git -C /tmp push", Deny),
        ("git -c core.pager='rm x' log", Ask),
        ("git -c alias.x='!rm x' x", Ask),
        ("git --exec-path=/tmp/evil status", Ask),
        ("git --git-dir=/tmp/evil status", Ask),
        ("git fetch --upload-pack='rm x' origin", Ask),
        ("git fetch --upload-p=x origin", Ask),
        ("git clone -u x y", Ask),
        ("git ls-remote ext::sh\\ -c\\ x", Ask),
        ("git diff --ext-diff", Ask),
        ("git diff --output=x", Ask),
        ("git grep -Ovim x", Ask),
        ("git rebase -x 'rm x' HEAD~1", Ask),
        ("git rebase --exec=x HEAD~1", Ask),
        ("git bisect run unknown", Ask),
        ("git submodule foreach 'rm x'", Ask),
        ("git config alias.x '!rm x'", Ask),
        ("git unknown-alias", Ask),
        ("git filter-branch --tree-filter x", Ask),
        ("cd /tmp && ls", Ask),
        ("cd src && git status", Ask),
        ("cd .. && ls", Ask),
        ("cd - && ls", Ask),
        ("cd $X && ls", Ask),
        ("tar cf x --checkpoint=1 --checkpoint-action=exec=x .", Ask),
        ("tar xf x --to-comm=y", Ask),
        ("tar xIf x y", Ask),
        ("cargo test --config 'build.rustc-wrapper=\"x\"'", Ask),
        // Files.
        ("ls > list", Ask),
        ("ls >> ~/.bashrc", Ask),
        ("ls > out/../x", Ask),
        ("ls > $X", Ask),
        ("ls &> x", Ask),
        ("ls >& x", Ask),
        ("ls >| x", Ask),
        ("ls 2> x", Ask),
        ("ls <> x", Ask),
        ("ls > keep/x", Deny),
        ("{ ls; } > keep/x", Deny),
        ("ls > .git/hooks/pre-commit", Ask),
        ("> keep/x", Deny),
        ("cd out && ls > x", Ask),
        ("ls > /dev/tcp/10.0.0.1/80", Ask),
        ("cat < /etc/passwd", Ask),
        ("cat secrets/key", Deny),
        ("cat ./src/../secrets/key", Deny),
        ("cat SECRETS/key", Deny),
        ("grep -r x secrets", Deny),
        ("grep --file=secrets/key x", Deny),
        ("git show HEAD:secrets/key", Deny),
        ("cd secrets && cat key", Deny),
        ("cd src && cat ../secrets/key", Deny),
        ("cat keep/x", Ask),
        ("cat web/.env", Ask),
        ("cat < secrets/key", Deny),
        ("python3 -c 'x' secrets/key", Deny),
        // What can't be parsed.
        ("git status '", Ask),
        ("git status )", Ask),
        ("if git status", Ask),
        ("cat <<EOF\nnever ends", Ask),
    ]);
}

#[test]
fn nothing_that_is_nested_or_long_holds_up_or_overflows() {
    let long = "a ".repeat(20_000);
    let many = "ls;".repeat(5_000);
    let nests = [
        ("(", ")"),
        ("$(", ")"),
        ("echo \"$(", ")\""),
        ("{ ", ";}"),
        ("`", "`"),
        ("if ", "; then ls; fi"),
        ("[[ (", ") ]]"),
        ("! ", ""),
        ("${x:-", "}"),
        ("$((", "))"),
        ("cat <(", ")"),
        ("case x in a) ", ";; esac"),
        ("f() { ", "; }"),
        ("env ", ""),
        ("for x in ", "; do ls; done"),
    ];
    let mut lines = vec![long, many];
    for (open, close) in nests {
        for depth in [4, 9, 19, 20, 40, 2_000] {
            lines.extend([open.repeat(depth), open.repeat(depth) + "rm x" + &close.repeat(depth)]);
        }
    }
    for text in lines {
        let begin = std::time::Instant::now();
        let _ = Line::parse(&text, Path::new("/p"), Path::new("/h"));
        assert!(begin.elapsed().as_secs() < 5, "{}: {:?}", &text[..text.len().min(60)], begin.elapsed());
    }
}
