//! The commands of the linear screen: one table that parsing, help and documents are made from.

/// What a command takes after its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// One word.
    Word(&'static str),
    /// The rest of the line, which must not be empty.
    Words(&'static str),
    /// The rest of the line, which may be empty.
    MaybeWords(&'static str),
}

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verb {
    /// What is typed.
    pub name: &'static str,
    /// What follows.
    pub takes: &'static [Takes],
    /// What it does, in one sentence.
    pub about: &'static str,
}

const STEP: Takes = Takes::Word("STEP");

macro_rules! verbs {
    ($($name:literal $takes:expr, $about:literal;)*) => {
        /// All of them, in the order of the help.
        pub const VERBS: &[Verb] = &[$(Verb { name: $name, takes: $takes, about: $about }),*];
    };
}

verbs! {
    "help" &[], "List the commands.";
    "status" &[], "Say where we are: mode, sites, clock against the RTO, data loss against the RPO, what runs.";
    "alarms" &[], "List the alarms that are not clear, and how many are.";
    "health" &[], "List the AWS Health events.";
    "points" &[], "List what can be restored for each resource, and how much data that would lose.";
    "find" &[Takes::Words("FILTER")], "List the alarms, Health events and recovery points that pass a filter: words, key:value, /regex/, ?letters, -word.";
    "open" &[Takes::Words("NAME")], "Say everything about an alarm, a Health event, a resource, a recovery point or an event of the log.";
    "graph" &[Takes::Words("ALARM")], "Ask for the metric behind an alarm, and say its last points.";
    "timeline" &[], "Say how long each duration takes or took, and when what was.";
    "log" &[Takes::MaybeWords("FILTER")], "Say what happened last and who did it, or everything that passes a filter.";
    "refresh" &[], "Ask the sources again now.";
    "mask" &[], "Mask accounts, people, ids and addresses in what is printed, or show them again.";
    "steps" &[], "List the plan's steps and where each stands.";
    "step" &[STEP], "Say everything about a step: what it would do, what was found, the exact call, as whom.";
    "command" &[STEP], "Print the step's call as an AWS CLI command.";
    "confirm" &[STEP], "Show what the step would do now, then ask for the word that confirms it.";
    "approve" &[STEP, Takes::MaybeWords("COMMENT")], "Answer yes to what a running step asks; shows the answer first.";
    "reject" &[STEP, Takes::MaybeWords("COMMENT")], "Answer no to what a running step asks; shows the answer first.";
    "stop" &[STEP], "Stop what a running step started at AWS; shows the call first.";
    "done" &[STEP, Takes::MaybeWords("WORDS")], "Say that a manual step is done, and what was found.";
    "skip" &[STEP, Takes::Words("REASON")], "Go on without a step; asks first.";
    "abort" &[STEP, Takes::Words("REASON")], "Give up on the running attempt; AWS is not told to stop; asks first.";
    "confirm-group" &[STEP], "Confirm the steps of this one's group that can begin, together; lists them by name.";
    "edit" &[STEP, Takes::MaybeWords("PARAMETER VALUE because REASON")],
        "Edit a parameter of the step's call; alone it lists them; an empty VALUE takes it away. It is confirmed anew.";
    "point" &[STEP, Takes::MaybeWords("NUMBER REASON")],
        "Choose another recovery point for the step; alone it lists them with age and data loss.";
    "adopt" &[STEP, Takes::MaybeWords("NUMBER")], "Take what is at work at AWS already for the step; asks first.";
    "take-up" &[STEP, Takes::Words("REASON")], "Do a step after all that was ruled out, or one that takes a step back; asks first.";
    "asked" &[], "List what the plan asks: its variables and choices, and what was answered.";
    "set" &[Takes::Word("NAME"), Takes::Words("VALUE")], "Give a variable of the plan its value.";
    "choose" &[Takes::Word("CHOICE"), Takes::Word("OPTION")], "Choose between alternatives of the plan; asks first.";
    "declare" &[Takes::Words("REASON")],
        "Declare the failover; asks first. After ` objections: ` stand those of a poll, or none.";
    "wait" &[Takes::Words("REASON")], "Record the decision not to fail over for now.";
    "note" &[Takes::Words("TEXT")],
        "Write a note into the journal; ! in front makes it important, ? a question, + an action item, - an objection.";
    "ack" &[Takes::MaybeWords("WORDS")], "Say that somebody has taken notice.";
    "attach" &[Takes::Words("FILE")], "Put a file of this machine into the record, with its hash.";
    "mark" &[Takes::Word("EVENT")], "Mark an event of the journal, by its number, as important.";
    "role" &[Takes::Word("ROLE"), Takes::Word("WHO"), Takes::Words("REASON")],
        "Give somebody a role, or take one: commander, operator or scribe; `me` is you.";
    "checkin" &[Takes::Word("MINUTES")], "Be reminded when nobody has written a note for so long; 0 is never.";
    "brief" &[], "Print the hand-over brief: conditions, actions, needs, clock, what runs.";
    "correct" &[Takes::Word("MOMENT"), Takes::Word("TIME"), Takes::Words("REASON")],
        "Correct when something was: impact, detected, acknowledged, decided, restored, failed or recovered; 03:02 or 2026-03-14T03:02:10; asks first.";
    "start" &[], "Start the exercise.";
    "pause" &[], "Stop the exercise's clock.";
    "resume" &[], "Let the exercise's clock run on.";
    "forward" &[], "Move the exercise's clock forward by a minute.";
    "speed" &[Takes::Word("N")], "Simulated seconds in one real second.";
    "close" &[Takes::Words("WORDS")], "Close the incident, with a word about its end; asks first.";
    "quit" &[], "Leave; asks first while steps are running. The end of the input leaves at once.";
}

impl Verb {
    /// How it is typed: `skip STEP REASON…`.
    pub fn usage(&self) -> String {
        let mut text = self.name.to_owned();
        for takes in self.takes {
            text.push_str(&match takes {
                Takes::Word(name) => format!(" {name}"),
                Takes::Words(name) => format!(" {name}…"),
                Takes::MaybeWords(name) => format!(" [{name}…]"),
            });
        }
        text
    }
}

/// A line as a command and what it was given, each as it is wanted; or a sentence that says what is wrong.
pub(super) fn parse(line: &str) -> Result<(&'static str, Vec<String>), String> {
    let line = line.trim();
    let (name, mut rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let verb = VERBS.iter().find(|verb| verb.name == name.to_lowercase()).ok_or_else(|| unknown(name))?;
    let mut given = Vec::new();
    for takes in verb.takes {
        rest = rest.trim();
        let (one, after) = match takes {
            Takes::Word(_) => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
            Takes::Words(_) | Takes::MaybeWords(_) => (rest, ""),
        };
        if one.is_empty() && !matches!(takes, Takes::MaybeWords(_)) {
            return Err(format!("something is missing: {}", verb.usage()));
        }
        given.push(one.to_owned());
        rest = after;
    }
    if !rest.trim().is_empty() {
        return Err(format!("that is too much: {}", verb.usage()));
    }
    Ok((verb.name, given))
}

fn unknown(name: &str) -> String {
    if name == "yes" {
        return "nothing was asked, so this yes means nothing.".to_owned();
    }
    let near = VERBS.iter().map(|verb| (strsim::damerau_levenshtein(name, verb.name), verb.name)).min();
    match near {
        Some((distance, near)) if distance <= 2 => format!("there is no command {name}; do you mean {near}?"),
        _ => format!("there is no command {name}; help lists them."),
    }
}
