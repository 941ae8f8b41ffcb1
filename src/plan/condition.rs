//! Reads `when`: the condition under which a step applies.

use crate::document::{Table, did_you_mean};
use crate::domain::{AlarmState, Condition, MODE, SiteName, Watched};

use super::setting::Setting;

/// The keys that say what a condition is about, one of which it has.
const ABOUT: [&str; 7] = ["mode", "choice", "variable", "signal", "all", "any", "not"];

/// Reads one condition; `None` after a fault.
pub(super) fn read_condition(table: &Table<'_>, setting: &Setting) -> Option<Condition> {
    let about: Vec<&str> = ABOUT.into_iter().filter(|key| table.has(key)).collect();
    let condition = match about[..] {
        ["mode"] => {
            let is = table.text_or_texts_at("mode");
            check_options(table, MODE, &is, setting);
            Some(Condition::Choice { name: MODE.to_owned(), is: plain(is) })
        }
        ["choice"] => read_choice(table, setting),
        ["variable"] => read_variable(table, setting),
        ["signal"] => read_signal(table, setting),
        ["all"] => read_parts(table, "all", setting).map(Condition::All),
        ["any"] => read_parts(table, "any", setting).map(Condition::Any),
        ["not"] => table.table("not").and_then(|part| read_condition(&part, setting)).map(|part| Condition::Not(Box::new(part))),
        _ => {
            let hint = Some(format!("one of {}", ABOUT.join(", ")));
            table.fault_at(table.own_span(), "a condition is about one thing", hint);
            None
        }
    };
    table.finish();
    condition
}

fn plain(texts: Vec<(String, std::ops::Range<usize>)>) -> Vec<String> {
    texts.into_iter().map(|(text, _)| text).collect()
}

/// What must be one of some values: `is = "forced"`, `is = ["a", "b"]`.
fn read_is(table: &Table<'_>) -> Vec<(String, std::ops::Range<usize>)> {
    table.required("is", |t, key| Some(t.text_or_texts_at(key))).unwrap_or_default()
}

fn read_choice(table: &Table<'_>, setting: &Setting) -> Option<Condition> {
    let name = table.required_text("choice")?;
    let is = read_is(table);
    check_options(table, &name, &is, setting);
    Some(Condition::Choice { name, is: plain(is) })
}

fn check_options(table: &Table<'_>, name: &str, is: &[(String, std::ops::Range<usize>)], setting: &Setting) {
    let Some(choice) = setting.choices.get(name) else {
        let hint = did_you_mean(name, setting.choices.keys().map(String::as_str));
        return table.fault("choice", format!("there is no choice `{}`", name.escape_debug()), hint);
    };
    for (option, span) in is.iter().filter(|(option, _)| choice.check(option).is_err()) {
        let hint = did_you_mean(option, choice.options.iter().map(|(name, _)| name.as_str()));
        table.fault_at(span.clone(), format!("the choice `{name}` has no option {option:?}"), hint);
    }
}

fn read_variable(table: &Table<'_>, setting: &Setting) -> Option<Condition> {
    let name = table.required_text("variable")?;
    let is = read_is(table);
    match setting.variables.get(&name) {
        Some(variable) => {
            for (value, span) in &is {
                if let Err(why) = variable.check(value) {
                    table.fault_at(span.clone(), format!("the variable never has this value: {why}"), None);
                }
            }
        }
        None => setting.no_such_variable(table, table.span("variable"), &name),
    }
    Some(Condition::Variable { name, is: plain(is) })
}

fn read_signal(table: &Table<'_>, setting: &Setting) -> Option<Condition> {
    let text = table.required_text("signal")?;
    let states = ["ALARM", "OK", "INSUFFICIENT_DATA"];
    let is = if table.has("is") { table.text_or_texts_at("is") } else { vec![("ALARM".to_owned(), table.span("signal"))] };
    for (state, span) in is.iter().filter(|(state, _)| !states.contains(&state.as_str())) {
        table.fault_at(span.clone(), format!("an alarm is never {state:?}"), did_you_mean(state, states));
    }
    let is = is.into_iter().map(|(state, _)| AlarmState::from(state)).collect();
    if text == "health" {
        return Some(Condition::Signal { signal: Watched::Health, is });
    }
    let listed: Vec<String> = setting.alarms.iter().map(|alarm| format!("{}/{}", alarm.site, alarm.name)).collect();
    if !listed.contains(&text) {
        let hint = did_you_mean(&text, listed.iter().map(String::as_str));
        table.fault("signal", format!("`signals.alarms` lists no alarm {text:?}"), hint);
        return None;
    }
    let (site, name) = text.split_once('/')?;
    Some(Condition::Signal { signal: Watched::Alarm { site: SiteName::new(site), name: name.to_owned() }, is })
}

fn read_parts(table: &Table<'_>, key: &str, setting: &Setting) -> Option<Vec<Condition>> {
    let parts = table.tables(key);
    if parts.is_empty() {
        table.fault(key, format!("`{key}` is empty"), None);
        return None;
    }
    parts.iter().map(|part| read_condition(part, setting)).collect::<Vec<_>>().into_iter().collect()
}
