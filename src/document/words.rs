//! The name that somebody probably meant.

/// How many names a hint lists when none of them is near.
const LISTED: usize = 16;

/// The candidate nearest to `word`, if one is near enough to be a slip of the fingers: a third of its letters at most.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let folded = fold(word);
    let allowed = (folded.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&folded, &fold(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A hint: the nearest candidate, or else the candidates themselves if they are few. `None` if there are none or too many.
pub fn did_you_mean<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    if let Some(near) = nearest(word, candidates.iter().copied()) {
        return Some(format!("did you mean `{near}`?"));
    }
    (1..=LISTED).contains(&candidates.len()).then(|| format!("known here: {}", candidates.join(", ")))
}

/// Case and the choice between `-`, `_` and a space are the commonest slips, and count for nothing.
fn fold(word: &str) -> String {
    word.to_lowercase().replace(['_', ' '], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_finds_its_name_and_another_word_does_not() {
        let known = ["title", "needs", "confirm", "recovery_point"];
        for (word, meant) in [
            ("titel", Some("title")),
            ("Needs", Some("needs")),
            ("recovery-point", Some("recovery_point")),
            ("cnofirm", Some("confirm")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
    }

    #[test]
    fn without_a_near_name_the_hint_lists_what_is_known_if_that_is_short() {
        assert_eq!(did_you_mean("zzz", ["a", "b"]).unwrap(), "known here: a, b");
        assert_eq!(did_you_mean("zzz", []), None);
        assert_eq!(did_you_mean("zzz", ["name"; 20]), None);
    }
}
