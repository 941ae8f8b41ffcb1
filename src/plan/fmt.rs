//! `plan fmt`: the same plan in the usual shape: keys of a step in the usual order, one blank line between tables, no odd spaces. Comments
//! stay where they are, with what stands below them.

use toml_edit::{Array, ArrayOfTables, Decor, DocumentMut, InlineTable, Item, RawString, Table, TomlError, Value};

/// The usual order of a step's keys; others come after these, in the order in which they stand.
const STEP_KEYS: [&str; 17] = [
    "id",
    "title",
    "about",
    "phase",
    "part",
    "site",
    "group",
    "needs",
    "when",
    "confirm",
    "confirm_name",
    "limit",
    "expect",
    "undo",
    "control_plane",
    "action",
    "with",
];

/// The longest line that an array is written on.
const LONGEST: usize = 120;

/// A plan file in the usual shape. Formatting what was formatted changes nothing.
///
/// # Errors
/// It is not TOML.
pub fn formatted(text: &str) -> Result<String, TomlError> {
    let text = text.replace("\r\n", "\n");
    let mut document: DocumentMut = text.parse()?;
    let trailing = comments(&format!("{}\n", document.trailing().as_str().unwrap_or_default()), false);
    let mut first = true;
    table(document.as_table_mut(), &mut first);
    document.set_trailing(if trailing.is_empty() { String::new() } else { format!("\n{}", trailing.trim_end()) });
    let text = document.to_string();
    Ok(format!("{}\n", text.trim()))
}

/// A table that has a header, or the whole document; `first`: nothing stands before it.
fn table(table: &mut Table, first: &mut bool) {
    if table.contains_key("id") && table.contains_key("action") {
        let place = |key: &str| STEP_KEYS.iter().position(|known| *known == key).unwrap_or(STEP_KEYS.len());
        table.sort_values_by(|a, _, b, _| place(a.get()).cmp(&place(b.get())));
    }
    values(table, first, &mut true);
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(inner) if !inner.is_dotted() => {
                if !inner.is_implicit() {
                    header(inner.decor_mut(), first);
                }
                self::table(inner, first);
            }
            Item::ArrayOfTables(tables) => array_of_tables(tables, first),
            _ => {}
        }
    }
}

fn array_of_tables(tables: &mut ArrayOfTables, first: &mut bool) {
    for inner in tables.iter_mut() {
        header(inner.decor_mut(), first);
        table(inner, first);
    }
}

/// One blank line before a header and the comments above it.
fn header(decor: &mut Decor, first: &mut bool) {
    let above = comments(prefix(decor), false);
    decor.set_prefix(if std::mem::take(first) { above } else { format!("\n{above}") });
    decor.set_suffix(after(decor));
}

/// The keys of a table that stand on lines of their own; `begins`: nothing of the table stands before them.
fn values(table: &mut Table, first: &mut bool, begins: &mut bool) {
    for (mut key, item) in table.iter_mut() {
        let decor = key.leaf_decor_mut();
        let above = comments(prefix(decor), !*begins);
        decor.set_prefix(above);
        match item {
            Item::Value(value) => {
                decor.set_suffix(" ");
                self::value(value, decor_width(key.get()));
                (*first, *begins) = (false, false);
            }
            Item::Table(inner) if inner.is_dotted() => {
                decor.set_suffix("");
                values(inner, first, begins);
            }
            _ => {}
        }
    }
}

fn decor_width(key: &str) -> usize {
    key.chars().count() + 3
}

fn value(value: &mut Value, indent: usize) {
    let after = after(value.decor());
    inner(value, indent);
    value.decor_mut().set_prefix(" ");
    value.decor_mut().set_suffix(after);
}

fn inner(value: &mut Value, before: usize) {
    match value {
        Value::Array(array) => self::array(array, before),
        Value::InlineTable(table) => inline(table),
        _ => {}
    }
}

/// On one line if it fits, else one item a line; as it is if there are comments in it.
fn array(array: &mut Array, before: usize) {
    let commented = |raw: Option<&RawString>| raw.and_then(RawString::as_str).is_some_and(|text| text.contains('#'));
    let has_comments = array.iter().any(|item| commented(item.decor().prefix()) || commented(item.decor().suffix()))
        || array.trailing().as_str().is_some_and(|text| text.contains('#'));
    if has_comments {
        return;
    }
    for (at, item) in array.iter_mut().enumerate() {
        inner(item, 0);
        item.decor_mut().set_prefix(if at == 0 { "" } else { " " });
        item.decor_mut().set_suffix("");
    }
    array.set_trailing("");
    array.set_trailing_comma(false);
    if before + array.to_string().trim().chars().count() <= LONGEST {
        return;
    }
    for item in array.iter_mut() {
        item.decor_mut().set_prefix("\n    ");
    }
    array.set_trailing("\n");
    array.set_trailing_comma(true);
}

fn inline(table: &mut InlineTable) {
    let last = table.len().saturating_sub(1);
    for (at, (mut key, value)) in table.iter_mut().enumerate() {
        key.leaf_decor_mut().set_prefix(" ");
        key.leaf_decor_mut().set_suffix(" ");
        inner(value, 0);
        value.decor_mut().set_prefix(" ");
        value.decor_mut().set_suffix(if at == last { " " } else { "" });
    }
}

fn prefix(decor: &Decor) -> &str {
    decor.prefix().and_then(RawString::as_str).unwrap_or_default()
}

/// What stands after a value or a header on its line: nothing, or a comment.
fn after(decor: &Decor) -> String {
    let text = decor.suffix().and_then(RawString::as_str).unwrap_or_default().trim();
    if text.is_empty() { String::new() } else { format!(" {text}") }
}

/// The comments above something: not indented, no space at their ends, at most one blank line between them; one blank line above
/// them stays if `may_part`.
fn comments(text: &str, may_part: bool) -> String {
    let mut lines: Vec<&str> = Vec::new();
    // What follows the last line break is the indent of what the comments are about.
    let above = text.rfind('\n').map_or("", |end| &text[..=end]);
    for line in above.lines().map(str::trim) {
        let blank = line.is_empty();
        if !blank || lines.last().map_or(may_part, |last| !last.is_empty()) {
            lines.push(line);
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ODD: &str = "# The plan\nformat=1   # the format\n\n\n\nname = 'p'\n   # objectives\n[objectives]\n\n  rto='1h'\nrpo  =  \"1h\"\n\n\n[[step]]\naction = \"manual\"\n# which\nid = \"a\"\nneeds = [\"b\",\n  \"c\"]\nwith = {instructions=\"x\"}\n# one\n\n# two\n[[step]]\nid=\"b\"\naction=\"manual\"\nwith.instructions   = \"y\"\n# the end\n";

    #[test]
    fn an_odd_file_comes_into_the_usual_shape_with_its_comments() {
        let expected = "# The plan\nformat = 1 # the format\n\nname = 'p'\n\n# objectives\n[objectives]\nrto = '1h'\nrpo = \"1h\"\n\n[[step]]\n# which\nid = \"a\"\nneeds = [\"b\", \"c\"]\naction = \"manual\"\nwith = { instructions = \"x\" }\n\n# one\n\n# two\n[[step]]\nid = \"b\"\naction = \"manual\"\nwith.instructions = \"y\"\n\n# the end\n";
        assert_eq!(formatted(ODD).unwrap(), expected);
        assert_eq!(formatted(expected).unwrap(), expected);
    }

    #[test]
    fn a_long_array_is_written_over_lines_and_stays_so() {
        let items: Vec<String> = (0..20).map(|n| format!("\"item-number-{n}\"")).collect();
        let once = formatted(&format!("needs = [{}]\n", items.join(","))).unwrap();
        assert!(once.starts_with("needs = [\n    \"item-number-0\",\n"), "{once}");
        assert_eq!(formatted(&once).unwrap(), once);
        assert!(formatted("a = [").is_err());
    }
}
