//! The commands on what is recorded: listing, reporting, checking, handing on. They read journals alone; no network, no screen.

use std::path::{Path, PathBuf};

use crate::cli::{Report, ReportFormat};
use crate::config::Paths;
use crate::error::{DONE, Error, FAILED};
use crate::journal::{self, FORMAT, Incident, JournalDirectory, Verified};
use crate::report::{self, Format, Paper};

use super::print;

/// Lists incidents and exercises.
pub(super) fn list(paths: &Paths) -> Result<u8, Error> {
    let listed = JournalDirectory::new(&paths.data).list()?;
    if listed.is_empty() {
        print(&format!("no incidents and no exercises under {}\n", paths.data.display()))?;
        return Ok(DONE);
    }
    print(&report::list(&listed))?;
    Ok(DONE)
}

/// Tells how long everything took, over all incidents.
pub(super) fn history(json: bool, paths: &Paths) -> Result<u8, Error> {
    let history = report::history(&JournalDirectory::new(&paths.data).list()?);
    if json {
        print(&(serde_json::to_string_pretty(&history).map_err(report::RenderReport::from)? + "\n"))?;
    } else if history.groups.is_empty() {
        print(&format!("no incidents and no exercises under {}\n", paths.data.display()))?;
    } else {
        print(&history.text())?;
    }
    Ok(DONE)
}

/// Compares two incidents step by step.
pub(super) fn compare(first: &str, second: &str, paths: &Paths) -> Result<u8, Error> {
    let read =
        |named: &str| -> Result<Incident, Error> { Ok(Incident::of(&journal::read(&journal_file(named, paths)?)?.events)) };
    print(&report::compare(&read(first)?, &read(second)?))?;
    Ok(DONE)
}

/// The journal that a person named: a file, or an incident's id or its beginning.
pub(super) fn journal_file(named: &str, paths: &Paths) -> Result<PathBuf, Error> {
    let file = Path::new(named);
    if file.is_file() { Ok(file.to_owned()) } else { Ok(JournalDirectory::new(&paths.data).find(named)?) }
}

/// Prints a report.
pub(super) fn report(arguments: &Report, theme: Option<&str>, paths: &Paths) -> Result<u8, Error> {
    let mut reading = journal::read(&journal_file(&arguments.id, paths)?)?;
    if arguments.redact {
        reading = report::redacted(&reading);
    }
    let paper = match theme {
        Some("dark") => Paper::Dark,
        Some("print") => Paper::Print,
        _ => Paper::Light,
    };
    let format = match arguments.format {
        ReportFormat::Md => Format::Markdown,
        ReportFormat::Html => Format::Html,
        ReportFormat::Json => Format::Json,
        ReportFormat::Csv => Format::Csv,
        ReportFormat::CsvRto => Format::CsvRto,
        ReportFormat::Svg => Format::Svg(paper),
        ReportFormat::Verdict => Format::Verdict,
        ReportFormat::Junit => Format::Junit,
    };
    let text = match &arguments.template {
        Some(file) => {
            let template = std::fs::read_to_string(file)
                .map_err(|source| Error::System { what: "the report's template cannot be read", source })?;
            report::render_template(&reading, &template, format == Format::Html)?
        }
        None => report::render_reading(&reading, format)?,
    };
    print(&text)?;
    Ok(if reading.damage.is_some() { FAILED } else { DONE })
}

/// Says whether a journal is whole and unedited.
pub(super) fn verify(id: &str, contains: Option<&str>, paths: &Paths) -> Result<u8, Error> {
    let path = journal_file(id, paths)?;
    let verified = journal::verify(&path)?;
    let mut text = format!("{}\n", path.display());
    text.push_str(&match &verified.first_damage {
        None => format!("  WHOLE    {} events: each follows from the one before it, none was edited\n", verified.events),
        Some(damage) => format!("  DAMAGED  {damage}\n"),
    });
    text.push_str(&details(&verified));
    let mut held = true;
    if let Some(hash) = contains {
        let seq = journal::event_with_hash(&path, hash)?;
        held = seq.is_some();
        text.push_str(&match seq {
            Some(seq) => format!("  holds    that hash as event {seq}: nothing up to there was changed since it was noted\n"),
            None => {
                "  MISSING  no event has that hash: what was noted is not this journal, or it was rewritten since\n".to_owned()
            }
        });
    }
    if verified.first_damage.is_none() && contains.is_none() {
        text.push_str(
            "  This cannot show a journal that was rewritten with all its hashes, or cut off at its end with its header mended.\n  \
             A hash that was noted elsewhere can: `lifeboat verify ID --contains HASH`.\n",
        );
    }
    print(&text)?;
    Ok(if verified.first_damage.is_none() && held { DONE } else { FAILED })
}

fn details(verified: &Verified) -> String {
    let mut text = String::new();
    if let Some((first, last)) = verified.recorded {
        let stamp = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M:%SZ");
        text.push_str(&format!("  recorded {} to {}\n", stamp(first), stamp(last)));
        text.push_str(&format!("  hash     {} of event {}\n", verified.head, verified.events));
    }
    if verified.format > FORMAT {
        text.push_str(&format!("  format   {}, newer than this lifeboat's {FORMAT}: there may be more in it\n", verified.format));
    }
    if verified.unknown_events > 0 {
        text.push_str(&format!("  unknown  {} events are of kinds that this lifeboat does not know\n", verified.unknown_events));
    }
    text
}

/// Writes a journal as one file.
pub(super) fn export(id: &str, to: Option<PathBuf>, paths: &Paths) -> Result<u8, Error> {
    let path = journal_file(id, paths)?;
    let to = to.unwrap_or_else(|| path.file_name().map_or_else(|| path.clone(), PathBuf::from));
    let verified = journal::export(&path, &to)?;
    print(&format!("{}\n  {} events, checked\n{}", to.display(), verified.events, details(&verified)))?;
    Ok(DONE)
}

/// Takes a journal file in.
pub(super) fn import(file: &Path, paths: &Paths) -> Result<u8, Error> {
    let imported = JournalDirectory::new(&paths.data).import(file)?;
    let how = if imported.was_here { "was here already, the same to its last event" } else { "taken in, checked" };
    print(&format!(
        "{}\n  {} events, {how}\n{}  report   lifeboat report {}\n",
        imported.path.display(),
        imported.verified.events,
        details(&imported.verified),
        imported.id
    ))?;
    Ok(DONE)
}
