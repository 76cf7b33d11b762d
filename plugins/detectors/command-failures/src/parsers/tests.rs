use super::Output;

/// What is found, as `path:line message` lines, and the number of failed tests.
fn read(text: &str) -> (Vec<String>, u32) {
    let output = Output::read(text);
    (output.locations.iter().map(|l| format!("{}:{} {}", l.path, l.line, l.message)).collect(), output.failed_tests)
}

fn check(text: &str, places: &[&str], failed: u32) {
    let (found, tests) = read(text);
    assert_eq!((found.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), tests), (places, failed), "{text}");
}

#[test]
fn cargo_build() {
    check(
        "   Compiling app v0.1.0 (/home/me/app)\n\
         warning: unused variable: `x`\n --> src/main.rs:2:9\n  |\n\
         error[E0308]: mismatched types\n  --> src/lib.rs:42:18\n   |\n42 |     let n: u32 = \"a\";\n\
         note: function defined here\n  --> src/lib.rs:7:4\n\
         error: cannot find macro `foo` in this scope\n --> src/a/b.rs:3:5\n\
         error: could not compile `app` (lib) due to 2 previous errors; 1 warning emitted\n",
        &["src/lib.rs:42 mismatched types", "src/a/b.rs:3 cannot find macro `foo` in this scope"],
        0,
    );
}

#[test]
fn cargo_test() {
    check(
        "running 3 tests\ntest tests::a ... ok\ntest tests::b ... FAILED\n\nfailures:\n\n---- tests::b stdout ----\n\n\
         thread 'tests::b' (4711) panicked at src/lib.rs:42:9:\nassertion `left == right` failed\n  left: 1\n right: 2\n\
         note: run with `RUST_BACKTRACE=1`\n\ntest result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
         error: test failed, to rerun pass `--lib`\n",
        &["src/lib.rs:42 assertion `left == right` failed"],
        2,
    );
    check("thread 'main' panicked at 'index out of bounds', src/main.rs:4:5\n", &["src/main.rs:4 index out of bounds"], 0);
    check("test src/lib.rs - add (line 10) ... FAILED\n", &["src/lib.rs:10 doc test failed"], 0);
    check("     Summary [   0.012s] 5 tests run: 3 passed, 2 failed, 0 skipped\n", &[], 2);
    check("thread 'main' panicked at /rustc/abc/library/core/src/option.rs:1:1:\nboom\n", &[], 0);
}

#[test]
fn python() {
    check(
        "=================================== FAILURES ===================================\n____ test_sum ____\n\n\
             def test_sum():\n>       assert add(1, 1) == 3\nE       assert 2 == 3\nE        +  where 2 = add(1, 1)\n\n\
         tests/test_math.py:7: AssertionError\n=========================== short test summary info ============================\n\
         FAILED tests/test_math.py::test_sum - assert 2 == 3\n========================= 1 failed, 4 passed in 0.05s ==========================\n",
        &["tests/test_math.py:7 assert 2 == 3"],
        1,
    );
    check(
        "Traceback (most recent call last):\n  File \"app.py\", line 3, in <module>\n    main()\n  File \"lib/db.py\", line 12, in main\n    x()\n  \
         File \"/home/me/.venv/lib/python3.12/site-packages/sql/a.py\", line 99, in x\n    raise E\nValueError: no such table\n",
        &["lib/db.py:12 ValueError: no such table"],
        0,
    );
    // An interpreter of a version manager: its library isn't the project.
    check(
        "Traceback (most recent call last):\n  File \"/home/me/app/run.py\", line 6, in <module>\n    print(load(\"{oops\"))\n  \
         File \"/home/me/.pyenv/versions/3.11.7/lib/python3.11/json/decoder.py\", line 353, in raw_decode\n    \
         obj, end = self.scan_once(s, idx)\njson.decoder.JSONDecodeError: Expecting property name: line 1 column 2 (char 1)\n",
        &["/home/me/app/run.py:6 json.decoder.JSONDecodeError: Expecting property name: line 1 column 2 (char 1)"],
        0,
    );
    check(
        "  File \"a.py\", line 3\n    def f(:\n          ^\nSyntaxError: invalid syntax\n",
        &["a.py:3 SyntaxError: invalid syntax"],
        0,
    );
    check("Ran 4 tests in 0.001s\n\nFAILED (failures=1, errors=2)\n", &[], 3);
    check(
        "app/a.py:10: error: Incompatible types [assignment]\nFound 1 error in 1 file (checked 3 source files)\n",
        &["app/a.py:10 Incompatible types [assignment]"],
        0,
    );
    check("src/b.py:1:8: F401 [*] `os` imported but unused\n", &["src/b.py:1 F401 [*] `os` imported but unused"], 0);
}

#[test]
fn javascript() {
    check(
        "src/a.ts(12,5): error TS2322: Type 'string' is not assignable.\n",
        &["src/a.ts:12 TS2322: Type 'string' is not assignable."],
        0,
    );
    check(
        "src/a.ts:12:5 - error TS2304: Cannot find name 'x'.\n\n12     x\n       ~\nFound 1 error.\n",
        &["src/a.ts:12 TS2304: Cannot find name 'x'."],
        0,
    );
    check(
        "\n/home/me/app/src/a.js\n  3:7   warning  'y' is never used  no-unused-vars\n  5:10  error    'z' is not defined  no-undef\n\n✖ 2 problems (1 error, 1 warning)\n",
        &["/home/me/app/src/a.js:5 'z' is not defined  no-undef"],
        0,
    );
    check(
        "FAIL src/sum.test.js\n  ● adds numbers\n\n    expect(received).toBe(expected)\n\n    Expected: 3\n    Received: 2\n\n      \
         at Object.toBe (src/sum.test.js:4:21)\n      at new Promise (<anonymous>)\n      at run (node_modules/jest-circus/build/run.js:1:1)\n\n\
         Tests:       1 failed, 2 passed, 3 total\n",
        &["src/sum.test.js:4 adds numbers"],
        1,
    );
    check(
        " FAIL  src/sum.test.ts > sum > adds\nAssertionError: expected 2 to be 3 // Object.is equality\n ❯ src/sum.test.ts:9:20\n\n Tests  1 failed | 2 passed (3)\n",
        &["src/sum.test.ts:9 AssertionError: expected 2 to be 3 // Object.is equality"],
        1,
    );
    check(
        "TypeError: x is not a function\n    at run (node:internal/a.js:1:1)\n    at main (lib/app.js:8:3)\n    at lib/b.js:1:1\n",
        &["lib/app.js:8 TypeError: x is not a function"],
        0,
    );
}

#[test]
fn go() {
    check(
        "# example.com/app\n./main.go:12:5: undefined: foo\ncmd/a.go:3:1: missing return\n",
        &["main.go:12 undefined: foo", "cmd/a.go:3 missing return"],
        0,
    );
    check(
        "--- FAIL: TestSum (0.00s)\n    sum_test.go:9: got 2, want 3\n=== RUN   TestOk\n    ok_test.go:3: just a log\nFAIL\nFAIL\tgithub.com/me/app/math/sum\t0.002s\nok  \tgithub.com/me/app\t0.1s\nFAIL\n",
        &["math/sum/sum_test.go:9 got 2, want 3"],
        1,
    );
    check(
        "panic: runtime error: index out of range [3]\n\ngoroutine 1 [running]:\nmain.main()\n\t/home/me/app/main.go:7 +0x1d\nexit status 2\n",
        &["/home/me/app/main.go:7 runtime error: index out of range [3]"],
        0,
    );
}

#[test]
fn c_and_make() {
    check(
        "src/a.c: In function 'main':\nsrc/a.c:4:3: warning: unused\nsrc/a.c:5:10: error: 'x' undeclared (first use in this function)\nsrc/b.h:1:10: fatal error: z.h: No such file or directory\nmake: *** [Makefile:12: a.o] Error 1\n",
        &["src/a.c:5 'x' undeclared (first use in this function)", "src/b.h:1 z.h: No such file or directory"],
        0,
    );
    check(
        "/usr/bin/ld: src/main.c:3: undefined reference to `foo'\ncollect2: error: ld returned 1 exit status\n",
        &["src/main.c:3 undefined reference to `foo'"],
        0,
    );
    check("sh gen.sh\nmake: *** [Makefile:7: gen] Error 2\n", &["Makefile:7 the recipe of gen fails"], 0);
    check("Makefile:3: *** missing separator.  Stop.\n", &["Makefile:3 missing separator.  Stop."], 0);
    check("main.cpp(12): error C2065: 'x': undeclared identifier\n", &["main.cpp:12 C2065: 'x': undeclared identifier"], 0);
}

#[test]
fn what_is_no_place() {
    for text in [
        "12:34:56: error: not a file\n",
        "http://localhost:8080: error: refused\n",
        "level=error msg=x at=12:30\n",
        "Listening on 127.0.0.1:3000\n",
        "warning: unused\n --> src/a.rs:1:1\n",
        "",
        ":1: error: x\n",
        "é:1:\u{1F600}\n",
        "* a.b:0: error: zero\n",
        "a.c:99999999999: error: big\n",
        "File \"\", line \n",
        "at (\n● \nat x (:\n",
        "--- FAIL: \n x.go:1\n",
    ] {
        let (found, _) = read(text);
        assert!(found.is_empty() || text.starts_with("---"), "{text}: {found:?}");
    }
}
