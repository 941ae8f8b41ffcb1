//! Rows as text: JSON lines and CSV at once, a table when all are there, because its columns want to line up.

use std::io::{self, Write};

use serde_json::Value;

use super::{Page, What};
use crate::ui::format;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON object a line, with everything that is known.
    Json,
    /// RFC 4180, with a line of names.
    Csv,
    /// For people.
    Table,
}

/// A condition on a member of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Where {
    name: String,
    contains: bool,
    value: String,
}

impl Where {
    /// Reads `NAME=VALUE` (is it, whatever the case) or `NAME~VALUE` (does it contain it).
    ///
    /// # Errors
    /// A sentence, if it is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        let at = text.find(['=', '~']).filter(|at| *at > 0).ok_or("expected NAME=VALUE or NAME~VALUE, such as state=ALARM")?;
        let (name, value) = (text[..at].replace('-', "_"), text[at + 1..].to_lowercase());
        Ok(Self { name, contains: text[at..].starts_with('~'), value })
    }

    /// Which of `values` the member `name` has to be, if that is what it says.
    pub fn exactly<'v>(&self, name: &str, values: &[&'v str]) -> Option<&'v str> {
        let wanted = |value: &&&str| value.eq_ignore_ascii_case(&self.value);
        (self.name == name && !self.contains).then(|| values.iter().find(wanted).copied())?
    }

    /// Does the row fulfil it?
    ///
    /// # Errors
    /// A sentence, if the row has no such member: a wrong name must not look like an empty list.
    fn holds(&self, row: &Value) -> Result<bool, String> {
        let Some(member) = row.get(&self.name) else {
            let names: Vec<&str> = row.as_object().into_iter().flat_map(|row| row.keys()).map(String::as_str).collect();
            return Err(format!("rows have no {}: there are {}", self.name, names.join(", ")));
        };
        let text = cell(member).to_lowercase();
        Ok(if self.contains { text.contains(&self.value) } else { text == self.value })
    }
}

/// Writes rows as they come.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    what: What,
    form: Form,
    conditions: Vec<Where>,
    waiting: Vec<Vec<String>>,
}

impl<W: Write> Writer<W> {
    /// Begins; CSV has its line of names now, also if no row follows.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn begin(mut out: W, what: What, form: Form, conditions: Vec<Where>) -> io::Result<Self> {
        if form == Form::Csv {
            out.write_all(format!("{}\r\n", what.columns().join(",")).as_bytes())?;
        }
        Ok(Self { out, what, form, conditions, waiting: Vec::new() })
    }

    /// Takes a page in.
    ///
    /// # Errors
    /// They cannot be written, or a condition speaks of a member that they do not have (kind `InvalidInput`).
    pub fn page(&mut self, page: Page) -> io::Result<()> {
        match page {
            Page::Lines(lines) => self.out.write_all(&lines)?,
            Page::Rows(rows) => self.rows(rows)?,
        }
        self.out.flush()
    }

    fn rows(&mut self, rows: Vec<Value>) -> io::Result<()> {
        let mut lines = Vec::new();
        for row in rows {
            let mut holds = true;
            for condition in &self.conditions {
                holds &= condition.holds(&row).map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
            }
            if !holds {
                continue;
            }
            let cells = self.what.columns().iter().map(|name| row.get(name).map(cell).unwrap_or_default());
            match self.form {
                Form::Json => {
                    serde_json::to_writer(&mut lines, &row)?;
                    lines.push(b'\n');
                }
                Form::Csv => {
                    let line: Vec<String> = cells.map(|cell| quoted(&cell)).collect();
                    lines.extend_from_slice(format!("{}\r\n", line.join(",")).as_bytes());
                }
                Form::Table => self.waiting.push(cells.map(|cell| format::middle(&format::clean(&cell), 72)).collect()),
            }
        }
        // A page is one write: standard output would make one of each piece.
        self.out.write_all(&lines)
    }

    /// Ends: a table is written now, sorted.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn end(mut self) -> io::Result<()> {
        if self.form == Form::Table {
            self.waiting.sort();
            self.waiting.insert(0, self.what.columns().iter().map(|name| name.to_uppercase()).collect());
            let widths: Vec<usize> = (0..self.what.columns().len())
                .map(|column| self.waiting.iter().map(|row| format::width(&row[column])).max().unwrap_or(0))
                .collect();
            for row in &self.waiting {
                let line: String = row.iter().zip(&widths).map(|(cell, width)| format::fit(cell, *width, false) + "  ").collect();
                writeln!(self.out, "{}", line.trim_end())?;
            }
        }
        self.out.flush()
    }
}

/// A member as text: without quotes, nothing for what is not there.
fn cell(member: &Value) -> String {
    match member {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let text = format::clean_lines(text);
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(form: Form, conditions: &[&str]) -> io::Result<String> {
        let conditions = conditions.iter().map(|text| Where::parse(text).unwrap()).collect();
        let mut out = Vec::new();
        let mut writer = Writer::begin(&mut out, What::Alarms, form, conditions)?;
        let row = |name: &str, state: &str| serde_json::json!({"site": "primary", "state": state, "name": name, "reason": "a \"b\", c\u{1b}[2J"});
        writer.page(Page::Rows(vec![row("shop-b", "ALARM"), row("shop-a", "OK")]))?;
        writer.end()?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn rows_are_json_lines_csv_or_a_table() {
        assert_eq!(written(Form::Json, &["state=alarm"]).unwrap().lines().count(), 1);
        let csv = written(Form::Csv, &["name~shop"]).unwrap();
        assert_eq!(csv.lines().nth(1).unwrap(), "primary,,ALARM,,,shop-b,\"a \"\"b\"\", c\"");
        let table = written(Form::Table, &[]).unwrap();
        assert!(table.lines().next().unwrap().starts_with("SITE     REGION  STATE"), "{table}");
        assert!(table.find("shop-b").unwrap() < table.find("shop-a").unwrap() && !table.contains('\u{1b}'), "{table}");
    }

    #[test]
    fn a_condition_on_what_is_not_there_is_a_fault_and_not_an_empty_list() {
        let fault = written(Form::Json, &["stat=ALARM"]).unwrap_err();
        assert!(fault.to_string().contains("rows have no stat: there are site, state"), "{fault}");
        assert!(Where::parse("ALARM").is_err() && Where::parse("=x").is_err());
    }
}
