//! `application/x-www-form-urlencoded` text, as query strings and the bodies of the query protocol have it.

use percent_encoding::percent_decode_str;

/// The pairs of a form, decoded, in their order. Bytes that are no UTF-8 become replacement characters.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (String, String)> + '_ {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_after_they_are_split() {
        let pairs: Vec<_> = pairs("a=1%262&b+c=%3D&&d").collect();
        let expected = [("a", "1&2"), ("b c", "="), ("d", "")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
