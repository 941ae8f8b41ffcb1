//! The log file: rotated by size, and without secrets. Knows nothing of what is logged.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use regex_lite::Regex;
use tracing_appender::non_blocking::WorkerGuard;

/// A file that would grow beyond this many bytes makes way for the next one.
const MOST: u64 = 8 * 1024 * 1024;
/// How many older files are kept: `lifeboat.log.1` is the youngest.
const KEPT: u32 = 4;

/// What must not be in a log, each with what stands for it: access keys, secrets by their names in AWS's forms, signatures, tokens.
const SECRETS: [(&str, &str); 6] = [
    (r"\b(AKIA|ASIA)[A-Z0-9]{12,}", "${1}(redacted)"),
    (
        r#"(?i)(secret_?access_?key|session_?token|security-?token|client_?secret|refresh_?token|access_?token|password|web_?identity_?token)("?\s*[:=]\s*"?)[^\s",;&})]+"#,
        "${1}${2}(redacted)",
    ),
    (r#"(?i)(authorization)("?\s*[:=]\s*"?)[^\r\n"]+"#, "${1}${2}(redacted)"),
    (r"(?i)(Signature=)[0-9a-f]{16,}", "${1}(redacted)"),
    (r"(?i)(X-Amz-(?:Signature|Security-Token|Credential)=)[^&\s]+", "${1}(redacted)"),
    (r"(?i)(bearer )[A-Za-z0-9._~+/=-]{8,}", "${1}(redacted)"),
];

/// Takes secrets out of a text.
#[derive(Debug, Clone)]
pub struct Scrub {
    secrets: Vec<(Regex, &'static str)>,
}

impl Default for Scrub {
    fn default() -> Self {
        let read = |(pattern, instead): &(&str, &'static str)| Regex::new(pattern).ok().map(|pattern| (pattern, *instead));
        Self { secrets: SECRETS.iter().filter_map(read).collect() }
    }
}

impl Scrub {
    /// The text without secrets.
    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (secret, instead) in &self.secrets {
            text = secret.replace_all(&text, *instead).into_owned();
        }
        text
    }
}

/// A log file that makes way for the next one, and lets no secret in.
#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    file: File,
    size: u64,
    most: u64,
    scrub: Scrub,
}

impl LogFile {
    fn open(path: &Path, most: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let size = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, size, most, scrub: Scrub::default() })
    }

    fn rotate(&mut self) -> io::Result<()> {
        for n in (1..KEPT).rev() {
            // What is not there yet cannot be moved, and need not be.
            let _ = std::fs::rename(numbered(&self.path, n), numbered(&self.path, n + 1));
        }
        std::fs::rename(&self.path, numbered(&self.path, 1))?;
        self.file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        self.size = 0;
        Ok(())
    }
}

fn numbered(path: &Path, n: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{n}"));
    name.into()
}

impl Write for LogFile {
    /// One call is one event.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = self.scrub.text(&String::from_utf8_lossy(event));
        if self.size > 0 && self.size + text.len() as u64 > self.most {
            self.rotate()?;
        }
        self.file.write_all(text.as_bytes())?;
        self.size += text.len() as u64;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Logs to this file until the guard is dropped. A log that cannot be written is no reason not to recover.
pub fn start(path: &Path, level: &str) -> Option<WorkerGuard> {
    std::fs::create_dir_all(path.parent()?).ok()?;
    let (writer, guard) = tracing_appender::non_blocking(LogFile::open(path, MOST).ok()?);
    let filter = tracing_subscriber::EnvFilter::try_new(level).unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_writer(writer).with_ansi(false).with_env_filter(filter);
    log.try_init().ok()?;
    Some(guard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_gets_into_the_log() {
        let scrub = Scrub::default();
        for (text, clean) in [
            ("key AKIAIOSFODNN7EXAMPLE used", "key AKIA(redacted) used"),
            (
                r#"{"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG", "Expiration": 1}"#,
                r#"{"SecretAccessKey": "(redacted)", "Expiration": 1}"#,
            ),
            ("aws_session_token = IQoJb3JpZ2luX2Vj//x", "aws_session_token = (redacted)"),
            (
                "authorization: AWS4-HMAC-SHA256 Credential=ASIA1234567890123456/x, Signature=abcdef0123456789",
                "authorization: (redacted)",
            ),
            ("https://s3/x?X-Amz-Signature=0a1b2c&X-Amz-Date=1", "https://s3/x?X-Amz-Signature=(redacted)&X-Amz-Date=1"),
            ("Bearer eyJhbGciOi.J9", "Bearer (redacted)"),
            ("StartRestoreJob took 3 s, request id 7b1c", "StartRestoreJob took 3 s, request id 7b1c"),
        ] {
            assert_eq!(scrub.text(text), clean);
        }
    }

    #[test]
    fn a_log_that_is_full_makes_way_and_only_so_many_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lifeboat.log");
        let mut log = LogFile::open(&path, 100).unwrap();
        for n in 0..40 {
            log.write_all(format!("event {n:02} {}\n", "x".repeat(30)).as_bytes()).unwrap();
        }
        let mut names: Vec<String> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, ["lifeboat.log", "lifeboat.log.1", "lifeboat.log.2", "lifeboat.log.3", "lifeboat.log.4"]);
        assert!(std::fs::read_to_string(&path).unwrap().contains("event 39"));
        assert!(std::fs::read_to_string(numbered(&path, 1)).unwrap().contains("event 37"));
        for name in names {
            assert!(std::fs::metadata(folder.path().join(name)).unwrap().len() <= 100);
        }
        // It goes on where it was left.
        drop(log);
        assert!(LogFile::open(&path, 100).unwrap().size > 0);
    }
}
