//! The commands on what is recorded: listing, reporting, checking, handing on. They read journals alone; no network, no screen.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use crate::cli::{Report, ReportFormat};
use crate::config::Paths;
use crate::error::{DONE, Error, FAILED};
use crate::journal::{self, Event, FORMAT, Incident, JournalDirectory, JournalError, Reading, Verified};
use crate::report::{self, Format, Paper, Zone};

use super::{print, print_bytes};

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

/// Hands a journal to a console on another machine until that ends.
pub(super) fn serve(id: &str, paths: &Paths) -> Result<u8, Error> {
    let path = JournalDirectory::new(&paths.data).find(id)?;
    journal::keep(&path, std::io::stdin(), std::io::stdout().lock())?;
    Ok(DONE)
}

/// Tells how long everything took, over all incidents.
pub(super) fn history(json: bool, picture: Option<Option<&str>>, paths: &Paths) -> Result<u8, Error> {
    let history = report::history(&JournalDirectory::new(&paths.data).list()?);
    if let Some(theme) = picture {
        print(&report::history_svg(&history, paper(theme)))?;
    } else if json {
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

/// Prints a report, or writes it into a file.
pub(super) fn report(arguments: &Report, theme: Option<&str>, paths: &Paths) -> Result<u8, Error> {
    match &arguments.id {
        Some(id) => report_of(journal::read(&journal_file(id, paths)?)?, arguments, theme),
        None => {
            print(report::SCHEMA_TEXT)?;
            Ok(DONE)
        }
    }
}

/// The report of a journal, or of what was put together like one.
pub(super) fn report_of(mut reading: Reading, arguments: &Report, theme: Option<&str>) -> Result<u8, Error> {
    let zone: Zone = arguments.zone.parse()?;
    if arguments.redact {
        reading = report::redacted(&reading);
    }
    let bytes = written(arguments, &reading, theme, zone)?;
    match &arguments.output {
        Some(file) => {
            std::fs::write(file, bytes).map_err(|source| Error::System { what: "the report cannot be written", source })?;
        }
        None if arguments.format == ReportFormat::Png && std::io::stdout().is_terminal() => {
            let source = std::io::Error::other("a PNG is no text for a terminal: name a file with --output, or redirect it");
            return Err(Error::System { what: "the picture was not written", source });
        }
        None => print_bytes(&bytes)?,
    }
    Ok(if reading.damage.is_some() { FAILED } else { DONE })
}

/// What a picture is made for.
fn paper(theme: Option<&str>) -> Paper {
    match theme {
        Some("dark") => Paper::Dark,
        Some("print") => Paper::Print,
        _ => Paper::Light,
    }
}

fn written(arguments: &Report, reading: &Reading, theme: Option<&str>, zone: Zone) -> Result<Vec<u8>, Error> {
    let paper = paper(theme);
    let format = match arguments.format {
        ReportFormat::Md => Format::Markdown,
        ReportFormat::Html => Format::Html,
        ReportFormat::Json => Format::Json,
        ReportFormat::Csv => Format::Csv,
        ReportFormat::CsvRto => Format::CsvRto,
        ReportFormat::Svg => Format::Svg(paper),
        ReportFormat::Png => return Ok(report::render_png(reading, paper, zone)?),
        ReportFormat::Verdict => Format::Verdict,
        ReportFormat::Junit => Format::Junit,
    };
    let text = match &arguments.template {
        Some(file) => {
            let template = std::fs::read_to_string(file)
                .map_err(|source| Error::System { what: "the report's template cannot be read", source })?;
            report::render_template(reading, &template, format == Format::Html, zone)?
        }
        None => report::render_in(reading, format, zone)?,
    };
    Ok(text.into_bytes())
}

/// Prints the hand-over brief.
pub(super) fn brief(id: &str, paths: &Paths) -> Result<u8, Error> {
    let reading = journal::read(&journal_file(id, paths)?)?;
    print(&report::brief(&Incident::of(&reading.events), None))?;
    if let Some(damage) = &reading.damage {
        print(&format!("\nTHE JOURNAL IS DAMAGED: {damage}\n"))?;
    }
    Ok(if reading.damage.is_some() { FAILED } else { DONE })
}

/// Lists what was attached, or writes it into a folder.
pub(super) fn attachments(id: &str, to: Option<&Path>, paths: &Paths) -> Result<u8, Error> {
    let reading = journal::read(&journal_file(id, paths)?)?;
    let mut code = if reading.damage.is_some() { FAILED } else { DONE };
    let mut text = String::new();
    for recorded in &reading.events {
        let Event::Attached(attached) = &recorded.event else { continue };
        let content = journal::attached(attached);
        let state = match (&content, to) {
            (None, _) => "DAMAGED: it does not match its hash".to_owned(),
            (Some(_), None) => "matches its hash".to_owned(),
            (Some(content), Some(folder)) => written_to(folder, recorded.seq, &attached.name, content)?,
        };
        if content.is_none() {
            code = FAILED;
        }
        text.push_str(&format!(
            "{:>6}  {:>8} bytes  {}  {}\n        {state}\n",
            recorded.seq, attached.bytes, attached.sha256, attached.name
        ));
    }
    print(if text.is_empty() { "nothing was attached\n" } else { &text })?;
    Ok(code)
}

/// Writes one attachment under its event's number and name; what is there already stays.
fn written_to(folder: &Path, seq: u64, name: &str, content: &[u8]) -> Result<String, Error> {
    use std::io::Write;
    let safe = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let path = folder.join(format!("{seq}-{}", name.chars().map(safe).collect::<String>()));
    let failed = |source| Error::Folder { path: path.display().to_string(), source };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
    file.and_then(|mut file| file.write_all(content)).map_err(failed)?;
    Ok(format!("written to {}", path.display()))
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
    if verified.ends_within_append {
        text.push_str(
            "  log      ends within an append: one is under way just now, or it was cut off before anybody was told that it is \
             written, or the log was damaged since\n",
        );
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

/// Two journals of one incident beside each other, from where they part.
fn side_by_side(first: &Path, second: &Path, common: u64) -> Result<String, Error> {
    let (one, other) = (journal::read(first)?, journal::read(second)?);
    let told = report::side_by_side(&one.events, &other.events, common);
    Ok(format!("the first:  {}\nthe second: {}\n{told}", first.display(), second.display()))
}

/// Says where two journals of one incident part, and what each tells from there.
pub(super) fn diff(first: &str, second: &str, paths: &Paths) -> Result<u8, Error> {
    let (first, second) = (journal_file(first, paths)?, journal_file(second, paths)?);
    let parting = journal::compare(&first, &second)?;
    let mut text = format!("{parting}\n");
    if parting.only_first + parting.only_second > 0 {
        text.push_str(&side_by_side(&first, &second, parting.common)?);
    }
    print(&text)?;
    Ok(if parting.disagrees() { FAILED } else { DONE })
}

/// Takes a journal file in.
pub(super) fn import(file: &Path, paths: &Paths) -> Result<u8, Error> {
    let imported = match JournalDirectory::new(&paths.data).import(file) {
        Ok(imported) => imported,
        // Both stay as they are; a person has to see where they part before anybody believes one of them.
        Err(JournalError::Parted { here, other, parting }) => {
            print(&side_by_side(&here, &other, parting.common)?)?;
            return Err(JournalError::Parted { here, other, parting }.into());
        }
        Err(error) => return Err(error.into()),
    };
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
