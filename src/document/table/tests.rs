//! What a table reads and what it says of what it cannot read.

use super::*;

/// Reads a text with `read` and gives what it said of it, one line a fault.
fn faults(text: &str, read: impl FnOnce(&Table<'_>)) -> String {
    let document = match Document::parse("a.toml", text) {
        Ok(document) => document,
        Err(faults) => return faults.to_string(),
    };
    let faults = Faults::new();
    let root = document.root(&faults);
    read(&root);
    root.finish();
    faults.to_string()
}

#[test]
fn a_wrong_type_says_what_was_expected_and_what_was_found() {
    type Read = fn(&Table<'_>);
    let cases: [(&str, Read, &str); 13] = [
        ("k = 5", |t| _ = t.text("k"), "`k`: expected a string, found integer 5 (write it in quotes: \"5\")"),
        ("k = true", |t| _ = t.text("k"), "`k`: expected a string, found boolean true (write it in quotes: \"true\")"),
        ("k = 300", |t| _ = t.integer("k", 0..=255), "`k`: expected an integer from 0 to 255, found integer 300"),
        ("k = \"1\"", |t| _ = t.integer("k", 1..=i64::MAX), "`k`: expected an integer from 1 up, found string \"1\""),
        ("k = 'x'", |t| _ = t.float("k"), "`k`: expected a number, found string \"x\""),
        ("k = 'x'", |t| _ = t.boolean("k"), "`k`: expected true or false, found string \"x\""),
        (
            "k = 5",
            |t| _ = t.duration("k"),
            "`k`: expected a duration such as \"10m\" or \"1h30m\", found integer 5 (add a unit: \"5s\", \"5m\" or \"5h\")",
        ),
        (
            "k = '5 min'",
            |t| _ = t.duration("k"),
            "`k`: expected a duration such as \"10m\" or \"1h30m\", found string \"5 min\" \
             (units are d, h, m, s and ms, the larger first, without spaces)",
        ),
        (
            "k = 2026-03-14",
            |t| _ = t.time("k"),
            "`k`: expected a time with its offset such as 2026-03-14T03:00:00Z, found time 2026-03-14",
        ),
        ("k = []", |t| _ = t.table("k"), "`k`: expected a table, found an array"),
        ("k = {}", |t| _ = t.tables("k"), "`k`: expected an array of tables, found a table"),
        ("k = 'x'", |t| _ = t.texts("k"), "`k`: expected an array of strings, found string \"x\""),
        (
            "k = 'restor'",
            |t| _ = t.one_of("k", &["restore", "fail-over"]),
            "`k`: expected one of \"restore\", \"fail-over\", found string \"restor\" (did you mean \"restore\"?)",
        ),
    ];
    for (text, read, expected) in cases {
        assert_eq!(faults(text, read), format!("a.toml:1:5: {expected}"), "{text}");
    }
}

#[test]
fn good_values_are_read_and_absent_ones_are_none() {
    let said = faults(
        "text = 'x'\nwhole = 0x1F\nfloat = 1.5\nflag = true\nlimit = '1h30m'\nat = 2026-03-14T04:00:00+01:00\nlist = ['a', 'b']\n\
         [names.b]\n[names.a]\n[[item]]\n[[item]]\n",
        |t| {
            assert_eq!(t.text("text").as_deref(), Some("x"));
            assert_eq!(t.integer("whole", 0..=31), Some(31));
            assert_eq!(t.float("float"), Some(1.5));
            assert_eq!(t.boolean("flag"), Some(true));
            assert_eq!(t.duration("limit"), Some(Duration::from_secs(5400)));
            assert_eq!(t.time("at").unwrap().to_rfc3339(), "2026-03-14T03:00:00+00:00");
            assert_eq!(t.texts("list"), ["a", "b"]);
            assert_eq!(t.text_or_texts_at("text"), [("x".to_owned(), 7..10)]);
            let names: Vec<_> = t.named_tables("names").into_iter().map(|(name, table)| (name, table.own_line())).collect();
            assert_eq!(names, [("b".to_owned(), 8), ("a".to_owned(), 9)]);
            assert_eq!(t.tables("item").iter().map(Table::own_line).collect::<Vec<_>>(), [10, 11]);
            assert_eq!((t.text("none"), t.duration("none"), t.texts("none")), (None, None, vec![]));
            assert_eq!(t.json("list").unwrap().to_string(), r#"["a","b"]"#);
        },
    );
    assert_eq!(said, "");
}

#[test]
fn everything_wrong_is_told_at_once_in_the_order_of_the_text() {
    let said = faults("titel = 'x'\n[a]\nn = 'x'\n[[b]]\n\n[[b]]\nid = ''\n", |t| {
        for b in t.tables("b") {
            b.required_text("id");
            b.required_text("id");
        }
        t.table("a").unwrap().integer("n", 0..=9);
        t.text("title");
    });
    assert_eq!(
        said,
        "a.toml:1:1: unknown key `titel` (did you mean `title`?)\n\
         a.toml:3:5: `n`: expected an integer from 0 to 9, found string \"x\"\n\
         a.toml:4:1: `id` is missing\n\
         a.toml:7:6: `id` is empty"
    );
}

#[test]
fn columns_count_characters_and_lines_may_end_in_crlf() {
    let said = faults("a = 'x'\r\nb = ['日本', 'ü', 5]\r\nc = 1\r\n", |t| {
        t.text("a");
        t.texts("b");
        t.text("c");
    });
    let places: Vec<&str> = said.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["a.toml:2:17", "a.toml:3:5"]);
}

#[test]
fn what_is_not_toml_is_told_in_all_its_places() {
    let said = faults("a = \nb = 1\nc = = 2\n", |_| ());
    let places: Vec<&str> = said.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places.len(), 2, "{said}");
    assert!(places[0].starts_with("a.toml:1:") && places[1].starts_with("a.toml:3:"), "{said}");
}

#[test]
fn a_rendered_fault_shows_its_line_and_its_hint_without_escapes_unless_asked() {
    let text = "name = 'shop'\n# 日本\ntitel = 'The shop'\n";
    let document = Document::parse("plans/a.toml", text).unwrap();
    let faults = Faults::new();
    let root = document.root(&faults);
    root.text("title");
    root.text("name");
    root.finish();
    assert_eq!(
        faults.render(text, false),
        "error: unknown key `titel`\n --> plans/a.toml:3:1\n  |\n3 | titel = 'The shop'\n  | ^^^^^ did you mean `title`?"
    );
    assert!(faults.render(text, true).contains('\u{1b}'));
}

#[test]
fn an_empty_document_can_be_rendered_too() {
    let document = Document::parse("a.toml", "").unwrap();
    let faults = Faults::new();
    document.root(&faults).required_text("name");
    assert!(faults.render("", false).contains("`name` is missing"), "{}", faults.render("", false));
}

#[test]
fn a_part_of_a_value_is_found_in_it() {
    faults("a = 'x ${steps.y.z}'", |t| {
        t.text("a");
        assert_eq!(t.narrow(t.span("a"), "steps.y.z"), 9..18);
        assert_eq!(t.narrow(t.span("a"), "nowhere"), 4..20);
    });
}
