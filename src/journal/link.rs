//! A console's end of a journal that another machine holds: a command, such as ssh, started and started again, and what came over it.
//!
//! What is appended is durable with the keeper before it counts; a copy on this machine follows event by event. While the keeper
//! cannot be reached nothing is appended, so nothing changes AWS from here; what is known stays on the screen.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::JournalError;
use super::file::{self, Row, Tail, hex};
use super::keeper::{Asked, Told};

/// How long the keeper may take to answer before the link counts as lost.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);
/// How long the first connection may take: ssh may ask for a password.
const CONNECT_WITHIN: Duration = Duration::from_secs(120);
/// How long to wait before a lost link is tried again.
const AGAIN_AFTER: Duration = Duration::from_secs(3);

/// Both ends of something that reaches a keeper.
pub(super) struct Ends {
    pub from_keeper: Box<dyn Read + Send>,
    pub to_keeper: Box<dyn Write + Send>,
    /// Why it ended, where it can tell: what a command wrote as its errors.
    pub errors: Option<Box<dyn Read + Send>>,
    pub process: Option<Child>,
}

/// Reaches the keeper anew.
pub(super) type Dial = Box<dyn FnMut() -> std::io::Result<Ends> + Send>;

/// How the link stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    Connecting,
    Joined,
    Lost(String),
    /// For good: the copy here and the journal there have parted, or lifeboat's versions differ.
    Refused(String),
    Closed,
}

/// Which journal the keeper holds.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub incident: String,
    pub mode: String,
}

struct State {
    standing: Standing,
    held: Option<Held>,
    /// How far the copy here goes; not known before the first connection says which journal it is.
    copy: Option<Tail>,
    /// Numbers and rows that others wrote, not yet in the copy.
    arrived: VecDeque<(u64, Row)>,
    answer: Option<Told>,
    out: Option<Sender<String>>,
    process: Option<Child>,
}

impl State {
    fn hang_up(&mut self) {
        self.out = None;
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself; either way it is waited for, so that no dead process is left.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    fn say(&self, asked: &Asked) -> Result<(), String> {
        let line = serde_json::to_string(asked).map_err(|error| error.to_string())?;
        let out = self.out.as_ref().ok_or("there is no connection")?;
        out.send(line).map_err(|_| "the connection has ended".to_owned())
    }
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, within: Duration, until: impl Fn(&State) -> bool) -> MutexGuard<'a, State> {
        self.changed.wait_timeout_while(state, within, |state| !until(state)).unwrap_or_else(PoisonError::into_inner).0
    }
}

/// The link; ends with its value.
pub(super) struct Link {
    shared: Arc<Shared>,
    through: String,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("through", &self.through).finish_non_exhaustive()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.standing = Standing::Closed;
        state.hang_up();
        self.shared.changed.notify_all();
    }
}

/// Starts the command through which a keeper is reached, by the shell, with the words that make it keep the incident's journal.
pub(super) fn by_command(through: &str, id: &str) -> Dial {
    let (script, id) = (format!("exec {through} incidents serve \"$1\""), id.to_owned());
    Box::new(move || {
        let piped = || Stdio::piped();
        let mut command = Command::new("sh");
        command.args(["-c", &script, "sh", &id]).stdin(piped()).stdout(piped()).stderr(piped());
        let mut process = command.spawn()?;
        let missing = || std::io::Error::other("the command has no standard input and output");
        let (to_keeper, from_keeper) = process.stdin.take().zip(process.stdout.take()).ok_or_else(missing)?;
        let errors = process.stderr.take().map(|errors| Box::new(errors) as Box<dyn Read + Send>);
        Ok(Ends { from_keeper: Box::new(from_keeper), to_keeper: Box::new(to_keeper), errors, process: Some(process) })
    })
}

impl Link {
    /// Reaches the keeper for the first time and learns which journal it holds.
    ///
    /// # Errors
    /// [`JournalError::Link`]
    pub fn open(through: &str, dial: Dial) -> Result<(Self, Held), JournalError> {
        let state = State {
            standing: Standing::Connecting,
            held: None,
            copy: None,
            arrived: VecDeque::new(),
            answer: None,
            out: None,
            process: None,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let link = Self { shared: Arc::clone(&shared), through: through.to_owned() };
        std::thread::spawn(move || tend(&shared, dial));
        let told = |state: &State| state.held.is_some() || state.standing != Standing::Connecting;
        let state = link.shared.wait(link.shared.lock(), CONNECT_WITHIN, told);
        match state.held.clone() {
            Some(held) => {
                drop(state);
                Ok((link, held))
            }
            None => Err(link.lost(&state)),
        }
    }

    /// Says how far the copy here goes, and waits until everything after it has come.
    ///
    /// # Errors
    /// [`JournalError::Link`]
    pub fn join(&self, copy: Tail) -> Result<(), JournalError> {
        let mut state = self.shared.lock();
        state.copy = Some(copy);
        self.shared.changed.notify_all();
        let state = self.shared.wait(state, CONNECT_WITHIN, |state| state.standing != Standing::Connecting);
        if state.standing == Standing::Joined { Ok(()) } else { Err(self.lost(&state)) }
    }

    /// What others wrote after `copy`, in order; it is the caller's to keep.
    ///
    /// # Errors
    /// [`JournalError::Link`] if there is nothing and nothing can come.
    pub fn arrived(&self, copy: Tail) -> Result<Vec<Row>, JournalError> {
        let mut state = self.shared.lock();
        let rows: Vec<(u64, Row)> = state.arrived.drain(..).filter(|(number, _)| *number > copy.seq).collect();
        if rows.is_empty() && state.standing != Standing::Joined {
            return Err(self.lost(&state));
        }
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    /// Has the keeper append after `copy`; durable there when this returns.
    ///
    /// # Errors
    /// [`JournalError::Link`] if it is not written; [`JournalError::Unanswered`] if it may be: then it comes back as something that
    /// arrived. That another console was first is no error here: the number of events that there are.
    pub fn append(&self, copy: Tail, rows: &[Row]) -> Result<Result<(), u64>, JournalError> {
        let mut state = self.shared.lock();
        if state.standing != Standing::Joined {
            return Err(self.lost(&state));
        }
        state.answer = None;
        let asked = Asked::Append { events: copy.seq, head: hex(&copy.hash), rows: rows.to_vec() };
        state.say(&asked).map_err(|why| self.failed(why))?;
        let answered = |state: &State| state.answer.is_some() || state.standing != Standing::Joined;
        let mut state = self.shared.wait(state, ANSWER_WITHIN, answered);
        match state.answer.take() {
            Some(Told::Appended) => Ok(Ok(())),
            Some(Told::Moved { events }) => Ok(Err(events)),
            Some(Told::Failed { why }) => Err(self.failed(format!("there: {why}"))),
            _ => {
                state.hang_up();
                Err(JournalError::Unanswered { through: self.through.clone() })
            }
        }
    }

    /// The copy here goes so far now.
    pub fn copied(&self, copy: Tail) {
        self.shared.lock().copy = Some(copy);
    }

    /// Starts anew from what the copy holds: it could not follow.
    pub fn start_anew(&self) {
        self.shared.lock().hang_up();
    }

    fn failed(&self, why: String) -> JournalError {
        JournalError::Link { through: self.through.clone(), why }
    }

    fn lost(&self, state: &State) -> JournalError {
        self.failed(match &state.standing {
            Standing::Lost(why) | Standing::Refused(why) => why.clone(),
            Standing::Connecting | Standing::Joined => "it has not answered yet".to_owned(),
            Standing::Closed => "it is closed".to_owned(),
        })
    }
}

/// Keeps the link up until it is closed or refused.
fn tend(shared: &Shared, mut dial: Dial) {
    loop {
        let ended = match dial() {
            Ok(ends) => listen(shared, ends),
            Err(error) => Standing::Lost(error.to_string()),
        };
        let mut state = shared.lock();
        state.hang_up();
        if state.standing == Standing::Closed {
            return;
        }
        let for_good = matches!(ended, Standing::Refused(_));
        state.standing = ended;
        shared.changed.notify_all();
        if for_good {
            return;
        }
        // A console that never learnt which journal it is has given up.
        let mut state = shared.wait(state, AGAIN_AFTER, |state| state.standing == Standing::Closed);
        if state.standing == Standing::Closed {
            return;
        }
        state.standing = Standing::Connecting;
    }
}

/// Takes in what comes over one connection until it ends; how the link stands then.
fn listen(shared: &Shared, ends: Ends) -> Standing {
    let Ends { from_keeper, mut to_keeper, errors, process } = ends;
    let (out, lines) = mpsc::channel::<String>();
    // A connection that takes nothing in must not hold up the console.
    std::thread::spawn(move || lines.iter().try_for_each(|line| writeln!(to_keeper, "{line}").and_then(|()| to_keeper.flush())));
    {
        let mut state = shared.lock();
        if state.standing == Standing::Closed {
            return Standing::Closed;
        }
        (state.out, state.process) = (Some(out), process);
    }
    for line in BufReader::new(from_keeper).lines().map_while(Result::ok) {
        // A login shell may greet; a journal's keeper speaks JSON.
        let Ok(told) = serde_json::from_str::<Told>(&line) else { continue };
        if let Some(end) = take_in(shared, told) {
            return end;
        }
    }
    let mut said = String::new();
    if let Some(errors) = errors {
        let _ = errors.take(64 << 10).read_to_string(&mut said);
    }
    let last = said.lines().rev().map(str::trim).find(|line| !line.is_empty());
    Standing::Lost(last.map_or_else(|| "the connection ended".to_owned(), str::to_owned))
}

/// Takes in one thing that the keeper told; how the link stands, if that ends it.
fn take_in(shared: &Shared, told: Told) -> Option<Standing> {
    let mut state = shared.lock();
    match told {
        Told::Journal { incident, mode, format } => {
            if format != file::FORMAT {
                let here = file::FORMAT;
                return Some(Standing::Refused(format!(
                    "the lifeboat there writes format {format}, this one {here}: use the same version"
                )));
            }
            if state.held.as_ref().is_some_and(|held| held.incident != incident) {
                return Some(Standing::Refused(format!("it holds the incident {incident} now")));
            }
            state.held = Some(Held { incident, mode });
            shared.changed.notify_all();
            let copying = |state: &State| state.copy.is_some() || state.standing == Standing::Closed;
            let mut state = shared.wait(state, CONNECT_WITHIN, copying);
            let Some(copy) = state.copy.filter(|_| state.standing != Standing::Closed) else { return Some(Standing::Closed) };
            state.arrived.clear();
            if let Err(why) = state.say(&Asked::Join { events: copy.seq, head: hex(&copy.hash) }) {
                return Some(Standing::Lost(why));
            }
        }
        Told::Rows { after, rows } => state.arrived.extend((after + 1..).zip(rows)),
        Told::Joined => state.standing = Standing::Joined,
        Told::Refused { why } => return Some(Standing::Refused(why)),
        answer @ (Told::Appended | Told::Moved { .. } | Told::Failed { .. }) => state.answer = Some(answer),
    }
    shared.changed.notify_all();
    None
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicBool, Ordering};

    use chrono::{DateTime, Utc};

    use crate::domain::{IncidentId, Mode, Operator};
    use crate::journal::{Event, Journal, JournalDirectory, Recorded, compare, keep, read};

    use super::*;

    const ID: &str = "20260314-shop-4f1d";

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp(1_773_457_200, 0).unwrap()
    }

    fn noted(text: &str) -> Vec<Event> {
        vec![Event::Noted { text: text.to_owned(), mark: None }]
    }

    fn texts(events: &[Recorded]) -> Vec<String> {
        let text = |recorded: &Recorded| match &recorded.event {
            Event::Noted { text, .. } => Some(text.clone()),
            _ => None,
        };
        events.iter().filter_map(text).collect()
    }

    /// A machine that keeps a journal, and a cable that can be pulled.
    struct There {
        _folder: tempfile::TempDir,
        directory: JournalDirectory,
        path: PathBuf,
        unplugged: Arc<AtomicBool>,
        plugged: Arc<Mutex<Vec<UnixStream>>>,
    }

    /// Lets the first two things through that the keeper tells, which are what joins a console, and nothing after them.
    struct Deaf {
        from_keeper: BufReader<UnixStream>,
        lines: usize,
    }

    impl Read for Deaf {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let mut line = String::new();
            self.from_keeper.read_line(&mut line)?;
            let joined = line.contains("joined");
            if self.lines > 0 && !line.is_empty() {
                // Told, but never heard: the connection ends instead.
                return Ok(0);
            }
            self.lines += usize::from(joined);
            let bytes = line.as_bytes();
            buffer[..bytes.len()].copy_from_slice(bytes);
            Ok(bytes.len())
        }
    }

    impl There {
        fn with(texts: &[&str]) -> (Self, Journal) {
            let folder = tempfile::tempdir().unwrap();
            let directory = JournalDirectory::new(folder.path());
            let mut journal = Journal::create(&directory, &IncidentId::new(ID), Mode::Live).unwrap();
            for text in texts {
                journal.append(noted(text), &Operator::new("ann"), at()).unwrap();
            }
            let path = journal.path().to_owned();
            let there = Self { _folder: folder, directory, path, unplugged: Arc::default(), plugged: Arc::default() };
            (there, journal)
        }

        fn dial(&self) -> Dial {
            let (path, unplugged, plugged) = (self.path.clone(), Arc::clone(&self.unplugged), Arc::clone(&self.plugged));
            Box::new(move || {
                if unplugged.load(Ordering::SeqCst) {
                    return Err(std::io::Error::other("no route to host"));
                }
                let (here, there) = UnixStream::pair()?;
                plugged.lock().unwrap().push(here.try_clone()?);
                let (path, from_here) = (path.clone(), there.try_clone()?);
                std::thread::spawn(move || keep(&path, from_here, there));
                let from_keeper = Box::new(here.try_clone()?);
                Ok(Ends { from_keeper, to_keeper: Box::new(here), errors: None, process: None })
            })
        }

        fn pull(&self) {
            self.unplugged.store(true, Ordering::SeqCst);
            for cable in self.plugged.lock().unwrap().drain(..) {
                cable.shutdown(std::net::Shutdown::Both).unwrap();
            }
        }

        fn plug_in(&self) {
            self.unplugged.store(false, Ordering::SeqCst);
        }
    }

    fn linked(there: &There, here: &Path) -> Result<(Journal, Vec<Recorded>), JournalError> {
        Journal::linked("a cable", there.dial(), &JournalDirectory::new(here))
    }

    /// Asks until it has what is waited for; a test that waits in vain is ended by whoever runs it.
    fn until<T>(mut ask: impl FnMut() -> Option<T>) -> T {
        loop {
            if let Some(found) = ask() {
                return found;
            }
            std::thread::yield_now();
        }
    }

    #[test]
    fn two_machines_write_one_journal_and_only_one_is_first() {
        let (there, mut ann) = There::with(&["one", "two"]);
        let here = tempfile::tempdir().unwrap();
        let (mut ben, events) = linked(&there, here.path()).unwrap();
        assert_eq!(texts(&events), ["one", "two"]);
        assert_eq!(ben.append(noted("three"), &Operator::new("ben"), at()).unwrap().recorded[0].seq, 3);
        // Ann has not looked: she is second, looks, and is told.
        let error = ann.append(noted("four"), &Operator::new("ann"), at()).unwrap_err();
        assert!(matches!(error, JournalError::Moved { expected: 3, found: 4, .. }), "{error}");
        assert_eq!(texts(&ann.catch_up().unwrap()), ["three"]);
        ann.append(noted("four"), &Operator::new("ann"), at()).unwrap();
        // Now Ben is second, unless what Ann wrote has come already.
        let error = ben.append(noted("five"), &Operator::new("ben"), at()).unwrap_err();
        assert!(matches!(error, JournalError::Moved { .. }), "{error}");
        assert_eq!(texts(&until(|| Some(ben.catch_up().unwrap()).filter(|news| !news.is_empty()))), ["four"]);
        assert_eq!(ben.append(noted("five"), &Operator::new("ben"), at()).unwrap().recorded[0].seq, 5);
        assert_eq!(compare(&there.path, ben.path()).unwrap().to_string(), "all 5 events are the same");
    }

    #[test]
    fn without_the_keeper_nothing_is_written_and_afterwards_all_is_there_once() {
        let (there, mut ann) = There::with(&["one"]);
        let here = tempfile::tempdir().unwrap();
        let (mut ben, _) = linked(&there, here.path()).unwrap();
        there.pull();
        let lost = until(|| ben.catch_up().err());
        assert!(matches!(lost, JournalError::Link { .. }), "{lost}");
        let error = ben.append(noted("two"), &Operator::new("ben"), at()).unwrap_err();
        assert!(matches!(error, JournalError::Link { .. }), "{error}");
        ann.append(noted("meanwhile"), &Operator::new("ann"), at()).unwrap();
        there.plug_in();
        assert_eq!(texts(&until(|| ben.catch_up().ok().filter(|news| !news.is_empty()))), ["meanwhile"]);
        ben.append(noted("two"), &Operator::new("ben"), at()).unwrap();
        assert_eq!(texts(&read(&there.path).unwrap().events), ["one", "meanwhile", "two"]);
        assert_eq!(compare(&there.path, ben.path()).unwrap().to_string(), "all 3 events are the same");
    }

    #[test]
    fn an_append_whose_answer_is_lost_is_told_apart_and_comes_back_once() {
        let (there, _ann) = There::with(&["one"]);
        let here = tempfile::tempdir().unwrap();
        let path = there.path.clone();
        let mut first = true;
        let dial: Dial = Box::new(move || {
            let (here, there) = UnixStream::pair()?;
            let (path, from_here) = (path.clone(), there.try_clone()?);
            std::thread::spawn(move || keep(&path, from_here, there));
            let from_keeper: Box<dyn Read + Send> = match std::mem::take(&mut first) {
                true => Box::new(Deaf { from_keeper: BufReader::new(here.try_clone()?), lines: 0 }),
                false => Box::new(here.try_clone()?),
            };
            Ok(Ends { from_keeper, to_keeper: Box::new(here), errors: None, process: None })
        });
        let (mut ben, _) = Journal::linked("a cable", dial, &JournalDirectory::new(here.path())).unwrap();
        let error = ben.append(noted("two"), &Operator::new("ben"), at()).unwrap_err();
        assert!(matches!(error, JournalError::Unanswered { .. }), "{error}");
        assert_eq!(texts(&until(|| ben.catch_up().ok().filter(|news| !news.is_empty()))), ["two"]);
        ben.append(noted("three"), &Operator::new("ben"), at()).unwrap();
        assert_eq!(compare(&there.path, ben.path()).unwrap().to_string(), "all 3 events are the same");
    }

    #[test]
    fn a_confirmation_comes_only_from_what_the_keeper_has() {
        let (there, ann) = There::with(&["one"]);
        let here = tempfile::tempdir().unwrap();
        let (mut ben, _) = linked(&there, here.path()).unwrap();
        // The keeper's disk is full: the copy has room, and stays as it was.
        let reader = rusqlite::Connection::open(&there.path).unwrap();
        reader.execute_batch("BEGIN IMMEDIATE").unwrap();
        let error = ben.append(noted("two"), &Operator::new("ben"), at()).unwrap_err();
        assert!(matches!(error, JournalError::Link { .. }), "{error}");
        reader.execute_batch("ROLLBACK").unwrap();
        assert_eq!(texts(&read(ben.path()).unwrap().events), ["one"]);
        drop(ann);
    }

    #[test]
    fn a_copy_that_went_its_own_way_is_refused_and_a_shorter_one_goes_on() {
        let (there, mut ann) = There::with(&["one"]);
        let here = tempfile::tempdir().unwrap();
        let (ben, _) = linked(&there, here.path()).unwrap();
        let copy = ben.path().to_owned();
        drop(ben);
        ann.append(noted("two"), &Operator::new("ann"), at()).unwrap();
        let (ben, events) = linked(&there, here.path()).unwrap();
        assert_eq!(texts(&events), ["one", "two"]);
        drop(ben);
        let (mut alone, _) = Journal::open(&copy).unwrap();
        alone.append(noted("alone"), &Operator::new("ben"), at()).unwrap();
        drop(alone);
        ann.append(noted("three"), &Operator::new("ann"), at()).unwrap();
        let error = linked(&there, here.path()).unwrap_err().to_string();
        assert!(error.contains("two people went on apart"), "{error}");
        assert_eq!(texts(&read(&copy).unwrap().events), ["one", "two", "alone"]);
        assert_eq!(there.directory.list().unwrap().len(), 1);
    }

    #[test]
    fn a_command_that_reaches_nobody_says_why() {
        let here = tempfile::tempdir().unwrap();
        let dial = by_command("sh -c 'echo welcome; echo no such host >&2; exit 255' --", ID);
        let error = Journal::linked("ssh nowhere", dial, &JournalDirectory::new(here.path())).unwrap_err();
        assert_eq!(error.to_string(), "the journal is kept elsewhere, and `ssh nowhere` does not reach it: no such host");
    }
}
