//! The keys in effect: for the terminal, and as the page docs/keys.md.

use crate::ui::plain::VERBS;
use crate::ui::{Action, Keymap, PRESETS};

fn bound(keymap: &Keymap, action: Action) -> Vec<String> {
    keymap.keys(action).map(|key| key.to_string()).collect()
}

/// A table: keys, the action's name, one sentence.
pub fn keys(keymap: &Keymap) -> String {
    let rows: Vec<(String, Action)> = Action::ALL.iter().map(|action| (bound(keymap, *action).join(" "), *action)).collect();
    let width = rows.iter().map(|(keys, _)| keys.chars().count()).max().unwrap_or(0);
    let names = Action::ALL.iter().map(|action| action.name().len()).max().unwrap_or(0);
    rows.iter().map(|(keys, action)| format!("{keys:width$}  {:names$}  {}\n", action.name(), action.about())).collect()
}

/// The page docs/keys.md: every key of the screen, every command of the linear mode.
pub fn keys_page(keymap: &Keymap) -> String {
    let mut page = String::from(
        "# Keys\n\nThis page is printed by `lifeboat keys --markdown`; a test holds it against the code. `?` in the console shows those \
         that\nwork where you are, `:` takes an action by its name.\n\n| keys | action | does |\n| --- | --- | --- |\n",
    );
    for action in Action::ALL {
        let keys: Vec<String> = bound(keymap, *action).iter().map(|key| format!("`{key}`")).collect();
        page.push_str(&format!("| {} | {} | {} |\n", keys.join(" "), action.name(), action.about()));
    }
    page.push_str(
        "\n## Presets\n\n`key-preset` in the settings file chooses the keys to begin with; where a preset differs from the table above:\n\n\
         | preset | is | and differs in |\n| --- | --- | --- |\n",
    );
    for (name, about, changes) in PRESETS {
        let changes: Vec<String> =
            changes.iter().map(|(action, keys)| format!("{} `{}`", action.name(), keys.join("` `"))).collect();
        page.push_str(&format!("| `{name}` | {about} | {} |\n", changes.join(", ")));
    }
    page.push_str(
        "\n## Other keys\n\nIn the settings file (`lifeboat paths` says where), an action's name with one key or several; an empty list \
         takes them away:\n\n```toml\n[keys]\ndown = [\"n\", \"down\"]\nquit = \"ctrl-q\"\n```\n\nKeys are characters, or `enter`, `esc`, \
         `tab`, `space`, arrows (`up` …), `pgup`, `pgdn`, `home`, `end`, `backspace`, `delete`, `f1` to `f12`,\nafter `ctrl-`, `alt-` or \
         `shift-`. No preset has a key that some keyboard cannot type. No key alone changes anything at AWS, whatever it is bound to: a dialog stands before it,\nand Enter is never its \
         yes.\n\n## Lines instead of keys\n\n`lifeboat tabletop --plain` and `lifeboat live --plan FILE --plain` need no keys: they read \
         one of these commands a line.\n\n| command | does |\n| --- | --- |\n",
    );
    for verb in VERBS {
        page.push_str(&format!("| `{}` | {} |\n", verb.usage(), verb.about));
    }
    page
}
