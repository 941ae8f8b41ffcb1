//! What people write beside the course of an incident, and who may do what: notes, marks, attachments, roles, check-ins, and that
//! somebody has taken notice.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::domain::{Evidence, EvidenceKind, Fixed, Moment, Operator, Role};
use crate::engine::{Decision, Intent, Refusal};
use crate::journal::{Attachment, Event, Mark};

use super::Context;
use super::order::{events, refuse, required};

/// The longest pause between check-ins that can be set, in seconds.
const LONGEST_CHECK_IN: u64 = 24 * 3600;

/// Does it only add to the record? A closed incident still takes these.
pub(super) fn writes(intent: &Intent) -> bool {
    matches!(intent, Intent::Note { .. } | Intent::Mark { .. } | Intent::Attach { .. } | Intent::CorrectMoment { .. })
}

/// Refuses what the operator's role does not allow. Whoever sits at a console may take a role, on record: a commander whose laptop
/// died must not hold up a recovery.
pub(super) fn permitted(context: Context<'_>, intent: &Intent) -> Result<(), Refusal> {
    let role = context.incident.role(context.operator);
    let about_people = matches!(intent, Intent::GiveRole { .. } | Intent::CheckIn { .. } | Intent::Acknowledge { .. });
    if role == Some(Role::Scribe) && !writes(intent) && !about_people {
        return refuse("you are the scribe: you write notes and do not act; take another role to act");
    }
    let decides = matches!(intent, Intent::Declare { .. } | Intent::DecideToWait { .. } | Intent::Close { .. });
    match context.incident.commander() {
        Some(commander) if decides && commander != context.operator => {
            refuse(format!("{commander} is the commander and decides; take the role over to decide yourself"))
        }
        _ => Ok(()),
    }
}

pub(super) fn handle(context: Context<'_>, intent: &Intent) -> Result<Decision, Refusal> {
    match intent {
        Intent::Mark { seq, .. } if *seq == 0 || *seq > context.incident.last_seq => {
            refuse(format!("there is no event {seq}: the last one is {}", context.incident.last_seq))
        }
        Intent::Mark { seq, mark } => Ok(events(vec![Event::Marked { seq: *seq, mark: *mark }])),
        Intent::Attach { name, content } => attach(context, name, content),
        Intent::GiveRole { to, role, reason } => give_role(context, to, *role, reason),
        Intent::CheckIn { every_secs } if *every_secs > LONGEST_CHECK_IN => refuse("check in at least once a day"),
        Intent::CheckIn { every_secs } => Ok(events(vec![Event::CheckInSet { every_secs: *every_secs }])),
        Intent::Acknowledge { note } => {
            if context.incident.moment(Moment::Acknowledged).is_some() {
                return refuse("it has been acknowledged already");
            }
            let note = note.trim();
            let text = if note.is_empty() { String::new() } else { format!(": {note}") };
            let evidence = Evidence {
                kind: EvidenceKind::Person,
                text: format!("{} acknowledged it{text}", context.operator),
                reference: None,
            };
            let fixed = Fixed { at: context.now, earliest: None, latest: None, evidence };
            Ok(events(vec![Event::MomentFixed { moment: Moment::Acknowledged, fixed }]))
        }
        Intent::Note { text } => {
            let text = required(text, "a note needs a text")?;
            let (mark, rest) = Mark::of(&text);
            let noted = Event::Noted { text: rest.to_owned(), mark };
            let mut told = vec![noted];
            acknowledge(context, &mut told, "wrote a note");
            Ok(events(told))
        }
        _ => Ok(Decision::default()),
    }
}

/// The moment that somebody had taken notice by, where nobody has said so: between the detection and now.
pub(super) fn acknowledge(context: Context<'_>, told: &mut Vec<Event>, how: &str) {
    let Some(detected) = context.incident.moment(Moment::Detected) else { return };
    if context.incident.moment(Moment::Acknowledged).is_some() || detected > context.now || context.incident.closed.is_some() {
        return;
    }
    let evidence = Evidence { kind: EvidenceKind::Person, text: format!("{} {how}", context.operator), reference: None };
    let fixed = Fixed { at: context.now, earliest: Some(detected), latest: Some(context.now), evidence };
    told.push(Event::MomentFixed { moment: Moment::Acknowledged, fixed });
}

fn attach(context: Context<'_>, name: &str, content: &[u8]) -> Result<Decision, Refusal> {
    let name = required(name.rsplit(['/', '\\']).next().unwrap_or_default(), "an attachment needs a name")?;
    let bytes = content.len() as u64;
    if bytes == 0 {
        return refuse(format!("{name} is empty"));
    }
    if bytes > Attachment::LARGEST {
        let most = Attachment::LARGEST / 1024;
        return refuse(format!("{name} is longer than the {most} KiB that the journal takes: note where it is kept instead"));
    }
    if context.incident.attached_bytes + bytes > Attachment::TOGETHER {
        let most = Attachment::TOGETHER / 1024 / 1024;
        return refuse(format!("the journal holds {most} MiB of attachments at most: note where {name} is kept instead"));
    }
    let sha256 = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(events(vec![Event::Attached(Box::new(Attachment { name, bytes, sha256, content: STANDARD.encode(content) }))]))
}

fn give_role(context: Context<'_>, to: &Operator, role: Role, reason: &str) -> Result<Decision, Refusal> {
    let to = Operator::new(required(to.as_str(), "say who has the role from now on")?);
    let reason = required(reason, "say why: a hand-over is part of the record")?;
    if context.incident.role(&to) == Some(role) {
        return refuse(format!("{to} is {} already", role.name()));
    }
    Ok(events(vec![Event::RoleGiven { to, role, reason }]))
}
