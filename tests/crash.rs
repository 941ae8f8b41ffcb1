//! A fault of the program leaves a report that says what happened and what to do next, and no secret.

#[test]
fn a_panic_leaves_a_report_beside_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("lifeboat.log");
    std::fs::write(&log, "INFO the last thing that was logged\n").unwrap();
    let before = std::panic::take_hook();
    lifeboat::crash::prepare(&log);
    let thread = std::thread::spawn(|| panic!("the table has no legs, AKIAIOSFODNN7EXAMPLE"));
    assert!(thread.join().is_err());
    std::panic::set_hook(before);
    let found: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("crash-"))
        .collect();
    assert_eq!(found.len(), 1);
    let report = std::fs::read_to_string(&found[0]).unwrap();
    for words in [
        "the table has no legs",
        "tests/crash.rs",
        "lifeboat incidents",
        "--resume ID",
        "the last thing that was logged",
        "Backtrace",
    ] {
        assert!(report.contains(words), "{words} is not in {report}");
    }
    assert!(!report.contains("AKIAIOSFODNN7EXAMPLE"));
}
