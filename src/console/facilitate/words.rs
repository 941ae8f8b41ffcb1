//! What a facilitator types, read: a command, or why it is none.

use chrono::NaiveTime;

use super::super::Order;
use crate::document;
use crate::domain::Answered;

/// What can be typed.
pub const HELP: &str = "\
The facilitator's terminal. Players see nothing of it but questions, and what an inject changes.
  look                         what is coming, what is in force, how the clock stands
  inject N, hold N             let inject N happen now; hold it back until it is injected
  hold, go                     stop the clock; let it run on
  speed X, step 2m, jump HH:MM change its speed; move it on; move it on to a time
  fault KIND [key=value …]     a fault by hand: slow throttle broken silent reset answer-lost denied expired, or
                               region control-plane us-east-1; service= region= operation= account= lasts= calls=
  calm [NAME]                  end the fault of this name, which is its kind unless name= said another; or all
  play CHANGES                 any change that a scenario's inject can make: play shop = [{ site = \"primary\", down = true }]
  ask TEXT                     ask the room a question
  judge N good|partly|missed WORDS   how question N was answered: it counts in the score
  note TEXT                    note what the players did
  quit                         leaves; the exercise goes on
";

/// The presets of faults; every other word is a kind.
const PRESETS: [&str; 3] = ["region", "control-plane", "us-east-1"];
/// The keys of a fault whose values are numbers.
const NUMBERS: [&str; 3] = ["calls", "chance", "status"];

/// What a line asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// To be carried out by the exercise; and what the record says that was done, where it is to say anything.
    Order(Order, Option<String>),
    /// To be written down.
    Note(String),
    /// How a question was answered.
    Judge(u32, Answered, String),
    /// What can be typed.
    Help,
    /// Nothing.
    Nothing,
    /// To leave.
    Quit,
}

/// Reads a line; what is wrong with it is told in a sentence.
pub fn read(line: &str) -> Result<Command, String> {
    let line = line.trim();
    let (verb, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let order = |order, done: String| Ok(Command::Order(order, Some(done)));
    match (verb, rest) {
        ("", _) => Ok(Command::Nothing),
        ("look" | "next", "") => Ok(Command::Order(Order::Look, None)),
        ("help" | "?", "") => Ok(Command::Help),
        ("quit" | "exit" | "q", "") => Ok(Command::Quit),
        ("hold" | "pause", "") => order(Order::Hold, "stopped the clock".to_owned()),
        ("go" | "resume", "") => order(Order::Go, "let the clock run".to_owned()),
        ("inject", _) => {
            number(verb, rest).and_then(|number| order(Order::Inject { number }, format!("let inject {number} happen")))
        }
        ("hold", _) => {
            number(verb, rest).and_then(|number| order(Order::HoldInject { number }, format!("held inject {number} back")))
        }
        ("speed", _) => match rest.trim_start_matches('×').parse::<f64>() {
            Ok(speed) if speed.is_finite() && speed > 0.0 => {
                order(Order::Speed { speed }, format!("set the clock's speed to {speed}"))
            }
            _ => Err("`speed` needs a number above 0: `speed 60`; `hold` stops the clock".to_owned()),
        },
        ("step", _) => {
            let span = rest.parse().ok().or_else(|| document::duration(rest).map(|span| span.as_secs()));
            let seconds =
                span.filter(|seconds| *seconds > 0).ok_or("`step` needs a time: `step 90`, in seconds, or `step 2m`")?;
            order(Order::Step { seconds }, format!("moved the clock on by {seconds} s"))
        }
        ("jump", _) => {
            let parsed = NaiveTime::parse_from_str(rest, "%H:%M:%S").or_else(|_| NaiveTime::parse_from_str(rest, "%H:%M"));
            let to = parsed.map_err(|_| "`jump` needs a time of the exercise's day in UTC: `jump 03:15`")?;
            order(Order::Jump { to }, format!("moved the clock to {to}"))
        }
        ("fault", _) => {
            fault(rest).and_then(|changes| order(Order::Play { changes: changes.clone() }, format!("played {changes}")))
        }
        ("calm", _) => {
            let name = Some(rest.to_owned()).filter(|name| !name.is_empty());
            let done = format!("ended {}", name.as_deref().unwrap_or("all faults"));
            order(Order::Calm { name }, done)
        }
        ("play", "") => Err("`play` needs what changes, as in a scenario: `play metric = [{ name = \"…\", to = 5 }]`".to_owned()),
        ("play", _) => order(Order::Play { changes: rest.to_owned() }, format!("played {rest}")),
        ("ask", "") => Err("`ask` needs the question".to_owned()),
        ("ask", _) => Ok(Command::Order(Order::Ask { text: rest.to_owned() }, None)),
        ("note", "") => Err("`note` needs what to note".to_owned()),
        ("note", _) => Ok(Command::Note(rest.to_owned())),
        ("judge", _) => judge(rest),
        _ => Err(format!("not understood: {line}; `help` lists what is")),
    }
}

fn number(verb: &str, rest: &str) -> Result<usize, String> {
    rest.trim_start_matches('#')
        .parse()
        .map_err(|_| format!("`{verb}` needs the number of an inject that is to come: `{verb} 3`"))
}

/// The change that lets a fault begin, as a scenario writes it.
fn fault(rest: &str) -> Result<String, String> {
    let mut words = rest.split_whitespace();
    let kind = words.next().ok_or("`fault` needs a kind: `fault throttle service=backup`; `help` lists them")?;
    let key = if PRESETS.contains(&kind) { "preset" } else { "kind" };
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let (mut members, mut named) = (vec![format!("{key} = {}", quoted(kind))], false);
    for word in words {
        let (key, value) = word.split_once('=').ok_or_else(|| format!("`{word}` is no `key=value`: `service=backup`"))?;
        named |= key == "name";
        let value = if NUMBERS.contains(&key) { value.to_owned() } else { quoted(value) };
        members.push(format!("{key} = {value}"));
    }
    if !named {
        members.push(format!("name = {}", quoted(kind)));
    }
    Ok(format!("fault = [{{ {} }}]", members.join(", ")))
}

fn judge(rest: &str) -> Result<Command, String> {
    let mut words = rest.splitn(3, ' ');
    let number = words.next().and_then(|number| number.parse().ok());
    let answer = match words.next() {
        Some("good") => Some(Answered::Good),
        Some("partly") => Some(Answered::Partly),
        Some("missed") => Some(Answered::Missed),
        _ => None,
    };
    let (number, answer) =
        number.zip(answer).ok_or("not understood: `judge 1 good`, `partly` or `missed`, and words if you like")?;
    Ok(Command::Judge(number, answer, words.next().unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn play(line: &str) -> String {
        match read(line) {
            Ok(Command::Order(Order::Play { changes }, _)) => changes,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_fault_in_words_is_a_change_as_a_scenario_writes_it() {
        assert_eq!(
            play("fault throttle service=backup calls=2"),
            r#"fault = [{ kind = "throttle", service = "backup", calls = 2, name = "throttle" }]"#
        );
        assert_eq!(
            play("fault region region=eu-west-1 name=gone"),
            r#"fault = [{ preset = "region", region = "eu-west-1", name = "gone" }]"#
        );
    }

    #[test]
    fn what_is_not_understood_says_what_would_be() {
        for line in [
            "inject",
            "inject x",
            "hold x",
            "speed fast",
            "speed -1",
            "speed inf",
            "step",
            "step 0",
            "jump noon",
            "fault",
            "fault slow to",
            "play",
            "ask",
            "note",
            "judge",
            "judge 1",
            "judge 1 well",
            "dance",
            "look 3",
        ] {
            let told = read(line).unwrap_err();
            assert!(told.contains('`'), "{line}: {told}");
        }
    }

    #[test]
    fn spans_are_seconds_or_words() {
        for line in ["step 120", "step 2m", "step 120s"] {
            assert_eq!(
                read(line).unwrap(),
                Command::Order(Order::Step { seconds: 120 }, Some("moved the clock on by 120 s".into()))
            );
        }
    }
}
