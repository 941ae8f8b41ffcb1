//! What is always on screen: LIVE or EXERCISE, both accounts and Regions, the two objectives, how fresh everything is.
//!
//! LIVE is a solid field, EXERCISE a hatched one: without colour too, and at any width, nobody can take one for the other.

use chrono::TimeDelta;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Heard, Look, heard, heard_runs};
use crate::domain::{Mode, SiteName};
use crate::plan::SitePlan;
use crate::store::Freshness;
use crate::ui::ledger::Ledger;
use crate::ui::loss::{losses, worst};
use crate::ui::widgets::{Piece, Runs, Strip, bar, row, write};
use crate::ui::{Role, format, words};

/// Draws as much of the header as the area has rows for: banner, sites, clocks, freshness.
pub fn draw_header(look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    draw_banner(look, row(area, 0), buf);
    draw_sites(look, row(area, 1), buf);
    draw_clocks(look, row(area, 2), buf);
    draw_freshness(look, row(area, 3), buf);
}

fn text(text: impl Into<String>, role: Role) -> Runs {
    vec![(text.into(), role)]
}

/// The banner alone: what even the smallest screen shows.
pub fn draw_banner(look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let state = look.state;
    let (role, fill) = match state.mode {
        _ if state.replay.is_some() => (Role::ExerciseBanner, "▷"),
        Mode::Live => (Role::LiveBanner, " "),
        Mode::Exercise => (Role::ExerciseBanner, "╱"),
    };
    let mut strip = Strip::new(fill, role).filled(fill, role);
    let mark = match state.mode {
        _ if state.replay.is_some() => {
            let of = state.mode.banner();
            Piece::new(10, text(format!(" ▶▶ REPLAY of {of} ▶▶ nothing here is live "), role))
                .or(text(format!(" ▶▶ REPLAY of {of} "), role))
                .or(text(" REPLAY ", role))
        }
        Mode::Live => {
            Piece::new(10, text(" ■■ LIVE ■■ real AWS accounts ", role)).or(text(" ■■ LIVE ■■ ", role)).or(text(" LIVE ", role))
        }
        Mode::Exercise => Piece::new(10, text("╱╱ EXERCISE ╱╱ simulated AWS ", role))
            .or(text("╱╱ EXERCISE ╱ ", role))
            .or(text("EXERCISE", role)),
    };
    strip.push(mark.always());
    let plan = &state.plan;
    strip.push(Piece::new(6, text(format!(" {} · {} ", plan.name, plan.title), role)).or(text(format!(" {} ", plan.name), role)));
    if state.read_only && state.replay.is_none() {
        strip.push(Piece::new(9, text(" READ-ONLY ", role)).always());
    }
    if look.masked {
        strip.push(Piece::new(8, text(" masked ", role)));
    }
    if let Some(problem) = &state.journal_problem {
        let long = format!(" ✗ JOURNAL CANNOT BE WRITTEN: {problem} ");
        strip.push(Piece::new(5, text(long, role)).or(text(" ✗ NO JOURNAL ", role)).always());
    }
    strip.push(Piece::new(3, text(format!(" {} ", state.operator), role)).at_right());
    let time = format!(" {} UTC ", format::time(look.now));
    let dated = format!(" {} UTC ", format::date_time(look.now));
    let mut clock = Piece::new(7, text(dated, role)).or(text(time, role)).at_right();
    if let Some(replay) = &state.replay {
        let (position, events) = (replay.position, replay.events);
        let running = if replay.paused { "‖ stands".to_owned() } else { format::speed(replay.speed) };
        clock = Piece::new(7, text(format!(" {} UTC {running} event {position}/{events} ", format::date_time(look.now)), role))
            .or(text(format!(" {} UTC {running} {position}/{events} ", format::time(look.now)), role))
            .or(text(format!(" {} {running} ", format::time(look.now)), role))
            .at_right();
    }
    if let Some(exercise) = &state.exercise {
        let running =
            if exercise.paused { "‖ paused".to_owned() } else { format!("{} simulated", format::speed(exercise.speed)) };
        let short = if exercise.paused { "‖".to_owned() } else { format::speed(exercise.speed) };
        clock = Piece::new(7, text(format!(" {} UTC {running} ", format::date_time(look.now)), role))
            .or(text(format!(" {} UTC {running} ", format::time(look.now)), role))
            .or(text(format!(" {} {short} ", format::time(look.now)), role))
            .at_right();
    }
    strip.push(clock);
    strip.draw(area, buf, look.theme);
}

/// Is the answer to who we are the one that the plan asks for? Anything but a yes is alarming.
fn identity(look: &Look<'_>, plan: &SitePlan) -> (Runs, Runs) {
    let Some(source) = look.state.identities.get(&plan.name) else { return (text("? unknown", Role::Bad), text("?", Role::Bad)) };
    let Some(identity) = &source.data else {
        let (word, role) = match source.freshness(look.now) {
            Freshness::Loading => ("? identity not known yet".to_owned(), Role::Unknown),
            Freshness::Blind(problem, _) => (format!("✗ IDENTITY UNKNOWN: {}", problem.kind.word()), Role::Bad),
            _ => ("✗ IDENTITY UNKNOWN".to_owned(), Role::Bad),
        };
        let short = if role == Role::Bad { "✗ WHO?" } else { "?" };
        return (text(word, role), text(short, role));
    };
    if identity.account != plan.account {
        let long = format!("✗ WRONG ACCOUNT {}", identity.account);
        return (text(long, Role::Bad), text("✗ WRONG", Role::Bad));
    }
    let who =
        identity.arn.split_once(':').map_or(identity.arn.as_str(), |_| identity.arn.rsplit(':').next().unwrap_or(&identity.arn));
    let stale = matches!(source.freshness(look.now), Freshness::Stale(..));
    let (glyph, role) = if stale { ("◷", Role::Stale) } else { ("✓", Role::Ok) };
    let long = vec![(glyph.to_owned(), role), (format!(" as {}", format::middle(&format::clean(who), 40)), Role::Muted)];
    (long, text(glyph, role))
}

fn draw_sites(look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let mut strip = Strip::new(" ", Role::Text);
    if look.theme.has_tint(Role::Plan) {
        // A plan with a colour of its own shows it on every screen.
        strip.push(Piece::new(8, text("▌▌", Role::Plan)).always());
    }
    let sites = &look.state.plan.sites;
    let order = [SiteName::primary(), SiteName::recovery()];
    let others = sites.keys().filter(|name| !order.contains(name));
    for (i, site) in order.iter().chain(others).filter_map(|name| sites.get(name)).enumerate() {
        let (long, short) = identity(look, site);
        let arrow = if i == 0 { "" } else { "→ " };
        let place = [(site.account.to_string(), Role::Text), (format!(" {}", site.region), Role::Heading)];
        let named = |tail: &Runs| {
            let mut runs = vec![(format!(" {arrow}"), Role::Muted), (format!("{} ", site.name), words::of_site(&site.name))];
            runs.extend(place.iter().cloned().chain([(" ".to_owned(), Role::Text)]).chain(tail.iter().cloned()));
            runs
        };
        let mut shortest: Runs = text(arrow, Role::Muted);
        shortest.extend(place.iter().cloned().chain([(" ".to_owned(), Role::Text)]).chain(short.iter().cloned()));
        let keep = if i < 2 { 9 - u8::try_from(i).unwrap_or(0) } else { 1 };
        let piece = Piece::new(keep, named(&long)).or(named(&short)).or(shortest);
        strip.push(if i < 2 { piece.always() } else { piece });
    }
    strip.draw(area, buf, look.theme);
}

fn draw_clocks(look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let ledger = look.ledger();
    let mut strip = Strip::new("  ", Role::Text);
    for piece in rto_pieces(look, &ledger) {
        strip.push(piece);
    }
    strip.push(loss_piece(look));
    strip.push(decision_piece(look));
    if ledger.elapsed.is_some() {
        // Room for the bar, before the words get all of it.
        strip.push(Piece::new(8, text(" ".repeat(14), Role::Text)).at_right());
    }
    let rest = strip.draw(area, buf, look.theme);
    let x = rest.x + 2.min(rest.width);
    draw_rto_bar(look, &ledger, Rect { x, width: area.right().saturating_sub(x).min(72), ..rest }, buf);
}

fn rto_pieces(look: &Look<'_>, ledger: &Ledger) -> Vec<Piece> {
    let rto = format::objective(look.state.plan.objectives.rto);
    let Some((elapsed, rto_at)) = ledger.elapsed.zip(ledger.rto_at) else {
        return vec![
            Piece::new(
                10,
                vec![(" RTO ".to_owned(), Role::Muted), (rto.clone(), Role::Text), (" no impact known".to_owned(), Role::Muted)],
            )
            .or(vec![(" RTO ".to_owned(), Role::Muted), (rto, Role::Text)])
            .always(),
        ];
    };
    let end = if ledger.is_over { ledger.began.unwrap_or(look.now) + elapsed } else { look.now };
    let left = rto_at - end;
    let late = left < TimeDelta::zero();
    let role = match (late, ledger.is_over) {
        (true, _) => Role::Bad,
        (false, true) => Role::Ok,
        (false, false) if ledger.forecast.is_some_and(|forecast| !forecast.in_time) => Role::Warn,
        (false, false) => Role::Accent,
    };
    let clock = vec![(" RTO ".to_owned(), Role::Muted), (format::clock(elapsed), role), (format!(" of {rto}"), Role::Muted)];
    let short = vec![(" RTO ".to_owned(), Role::Muted), (format!("{}/{rto}", format::clock(elapsed)), role)];
    let verdict = match (late, ledger.is_over) {
        (true, false) => format!("✗ LATE by {}", format::duration(-left)),
        (true, true) => format!("✗ MISSED by {}", format::duration(-left)),
        (false, true) => format!("✓ met, {} to spare", format::duration(left)),
        (false, false) => format!("{} left", format::duration(left)),
    };
    vec![Piece::new(10, clock).or(short).always(), Piece::new(4, text(verdict, role))]
}

fn draw_rto_bar(look: &Look<'_>, ledger: &Ledger, area: Rect, buf: &mut Buffer) {
    let (Some(elapsed), true) = (ledger.elapsed, area.width >= 6) else { return };
    let columns = if area.width < 12 { 0 } else { usize::from(area.width) - 5 };
    let rto = look.state.plan.objectives.rto.as_secs_f64().max(1.0);
    let share = elapsed.num_milliseconds() as f64 / 1000.0 / rto;
    let role = if share > 1.0 { Role::Bad } else { Role::Bar };
    let mut runs = bar(share, columns, role);
    runs.push((format!(" {:>3.0}%", (share * 100.0).min(999.0)), Role::Muted));
    write(buf, area, &runs, look.theme);
}

fn loss_piece(look: &Look<'_>) -> Piece {
    let rpo = format::objective(look.state.plan.objectives.rpo);
    let losses = losses(look.state, look.now);
    let label = (" RPO ".to_owned(), Role::Muted);
    let Some(worst) = worst(&losses) else { return Piece::new(9, vec![label, (rpo, Role::Text)]) };
    let word = words::of_inside(worst.inside(look.state));
    let Some(loss) = worst.loss else {
        let why = if losses.iter().all(|loss| loss.loss.is_none()) {
            "? not known".to_owned()
        } else {
            format!("✗ none: {}", worst.resource.name)
        };
        let role = if why.starts_with('?') { Role::Unknown } else { Role::Bad };
        return Piece::new(9, vec![label.clone(), (why.clone(), role), (format!(" of {rpo}"), Role::Muted)])
            .or(vec![label, (why, role)])
            .always();
    };
    let lost = format!("{} {}", word.glyph, format::duration(loss));
    let tail = format!(" of {rpo}, {} ({})", word.word, worst.resource.name);
    Piece::new(6, vec![label.clone(), (lost.clone(), word.role), (tail, Role::Muted)])
        .or(vec![label.clone(), (lost.clone(), word.role), (format!(" of {rpo}, {}", word.word), Role::Muted)])
        .or(vec![label.clone(), (lost.clone(), word.role), (format!(" of {rpo}"), Role::Muted)])
        .or(vec![label, (format!("{lost}/{rpo}"), word.role)])
        .always()
}

fn decision_piece(look: &Look<'_>) -> Piece {
    let incident = &look.state.incident;
    if let Some((at, _)) = &incident.closed {
        return Piece::new(8, text(format!("■ CLOSED {}", format::time(*at)), Role::Heading))
            .or(text("■ CLOSED", Role::Heading))
            .always();
    }
    let declared = incident.decisions.iter().find(|decision| decision.failover);
    match (declared, incident.decisions.last()) {
        (Some(decision), _) => {
            let long = format!("▶ DECLARED {} by {}", format::time(decision.at), decision.by);
            Piece::new(7, text(long, Role::Accent)).or(text("▶ DECLARED", Role::Accent)).always()
        }
        (None, Some(waited)) => {
            let long = format!("‖ waiting since {}", format::time(waited.at));
            Piece::new(7, text(long, Role::Warn)).or(text("‖ waiting", Role::Warn)).always()
        }
        (None, None) => Piece::new(7, text("○ not declared", Role::Muted)).or(text("○ undecided", Role::Muted)).always(),
    }
}

/// One piece a kind of source, its sites in order. What is well gives way before what is not.
fn freshness_pieces(look: &Look<'_>) -> Vec<Piece> {
    let state = look.state;
    let kinds: [(&str, Vec<Heard>); 3] = [
        ("alarms", state.alarms.iter().map(|(site, source)| heard(site.as_str(), source, look.now)).collect()),
        ("Health", vec![heard("", &state.health, look.now)]),
        ("points", state.recovery_points.iter().map(|(site, source)| heard(site.as_str(), source, look.now)).collect()),
    ];
    let joined = |kind: &str, all: &[Heard], form: &dyn Fn(&Heard) -> Runs| {
        let mut runs: Runs = text(kind, Role::Heading);
        for heard in all {
            runs.push((" ".to_owned(), Role::Text));
            runs.extend(form(heard));
        }
        runs
    };
    let glyphs = |heard: &Heard| text(heard.word.glyph, heard.word.role);
    kinds
        .iter()
        .map(|(kind, all)| {
            let keep = if all.iter().all(Heard::is_well) { 1 } else { 5 };
            Piece::new(keep, joined(kind, all, &|heard| heard_runs(heard, true)))
                .or(joined(kind, all, &|heard| heard_runs(heard, false)))
                .or(joined(kind, all, &glyphs))
                .always()
        })
        .collect()
}

fn draw_freshness(look: &Look<'_>, area: Rect, buf: &mut Buffer) {
    let mut strip = Strip::new("   ", Role::Text);
    for piece in freshness_pieces(look) {
        strip.push(piece);
    }
    if let Some((offset, uncertainty)) = look.state.clock_offset
        && offset.abs() > uncertainty + TimeDelta::seconds(2)
    {
        let text_long = format!("AWS's clock is {} off ours", format::duration(offset));
        strip.push(Piece::new(6, text(text_long, Role::Warn)).at_right());
    }
    let inner = Rect { x: area.x + 1.min(area.width), width: area.width.saturating_sub(1), ..area };
    strip.draw(inner, buf, look.theme);
}
