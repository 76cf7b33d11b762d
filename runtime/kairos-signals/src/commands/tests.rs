use super::*;

fn written(command: &str) -> Vec<u8> {
    format!("\0>\x001\x0012\0/a\0{command}\0<\0").into_bytes()
}

fn told(bytes: &[u8]) -> Vec<String> {
    super::told(bytes).into_iter().map(|c| c.command).collect()
}

#[test]
fn a_record_is_read_whatever_the_command_is() {
    let all = ["ls", ">", "<", "a\n b\t\u{1b}'", "é\u{1f600}"];
    let bytes = all.map(written).concat();
    assert_eq!(told(&bytes), all);
    let expected = FinishedCommand { command: "ls".into(), folder: "/a".into(), exit_code: 1, duration_ms: 12 };
    assert_eq!(records(&bytes)[0], expected);
    assert_eq!(told(b"\0>\x001\x002\0/a\0l\xff\0<\0"), ["l\u{fffd}"]);
    assert_eq!(records(b"\0>\x001\0-2\0/a\0ls\0<\0")[0].duration_ms, 0, "a clock that was set back");
}

#[test]
fn a_torn_record_takes_no_other_with_it() {
    let (first, second) = (written("first"), written("second"));
    for cut in 0..first.len() {
        for from in [0, cut] {
            let torn = [&first[from..cut], &second].concat();
            let told = told(&torn);
            assert_eq!(told.last().unwrap(), "second", "{cut}");
            // Only the last NUL is not needed.
            assert!(told.len() == 1 || cut == first.len() - 1, "{cut}: {told:?}");
        }
        let between = [&first[..cut], &second, &first[cut..]].concat();
        assert!(told(&between).contains(&"second".into()), "{cut}");
    }
}

#[test]
fn garbage_takes_no_record_with_it() {
    let mut seed = 1_u32;
    for _ in 0..20_000 {
        let mut random = |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) % below
        };
        let length = random(40);
        let garbage: Vec<u8> = (0..length).map(|_| b"\0\0\0\0>><//12-a\n\xff"[random(15) as usize]).collect();
        let bytes = [&garbage, &written("ls")[..], &garbage].concat();
        assert!(told(&bytes).contains(&"ls".into()), "{garbage:?}");
    }
    for bad in
        ["", "x\x002\0/a\0ls", "1\0x\0/a\0ls", "1\x002\0a\0ls", "1\x002\0/a\0", "99999999999\x002\0/a\0ls", "1\x002\0/a\0l\0s"]
    {
        assert!(told(format!("\0>\0{bad}\0<\0").as_bytes()).is_empty(), "{bad:?}");
    }
}

#[test]
fn what_is_too_large_is_cut_or_left_out() {
    let long = "é".repeat(MAX_COMMAND + 1);
    assert_eq!(told(&written(&long))[0].chars().count(), MAX_COMMAND);
    assert!(told(&written(&"x".repeat(MAX_RECORD + 1))).is_empty());
    assert!(told(format!("\0>\x001\x002\0/{}\0ls\0<\0", "x".repeat(MAX_FOLDER)).as_bytes()).is_empty());
    assert_eq!(told(&written("ls").repeat(2 * MAX_COMMANDS)).len(), MAX_COMMANDS);
}
