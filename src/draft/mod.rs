//! Plans that are written for people to finish: from what is there at two sites, from an ARC Region switch plan, from an SSM Automation
//! document.
//!
//! Whatever is a guess is marked `# settle:`, says what it was guessed from, and leaves a plan that can be read. Asks AWS only what
//! reads; must not know the journal, the engine or the screen, nor where a plan is kept.

mod automation;
mod found;
mod region_switch;
mod write;

pub use automation::from_automation;
pub use found::{Found, Wanted, look};
pub use region_switch::from_region_switch;
pub use write::{plan_of, skeleton};

/// A text as a TOML string: JSON's escapes are TOML's.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// A name as an id of the plan: what an id cannot hold becomes `-`.
fn id(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        let plain = if c.is_ascii_alphanumeric() || c == '_' { c.to_ascii_lowercase() } else { '-' };
        if plain != '-' || !(out.is_empty() || out.ends_with('-')) {
            out.push(plain);
        }
    }
    let out: String = out.trim_matches('-').chars().take(48).collect();
    if out.is_empty() { "unnamed".to_owned() } else { out }
}

/// Ids that are unique within a plan.
#[derive(Default)]
struct Ids(std::collections::BTreeSet<String>);

impl Ids {
    fn take(&mut self, name: &str) -> String {
        let wanted = id(name);
        let (mut free, mut number) = (wanted.clone(), 2);
        while self.0.contains(&free) {
            free = format!("{wanted}-{number}");
            number += 1;
        }
        self.0.insert(free.clone());
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_becomes_an_id_and_none_twice() {
        let mut ids = Ids::default();
        assert_eq!(ids.take("Orders Table (v2)"), "orders-table-v2");
        assert_eq!(ids.take("orders/table v2"), "orders-table-v2-2");
        assert_eq!(ids.take("…"), "unnamed");
        assert_eq!(quoted("a \"b\"\n"), "\"a \\\"b\\\"\\n\"");
    }
}
