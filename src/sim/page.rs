//! Pages: the one mechanism behind every list that AWS hands out piece by piece.
//!
//! A token holds the key of the last row given, never an offset, so rows that appear or vanish meanwhile neither double nor lose
//! others, and a page costs a search in an ordered map whatever its place. A token is bound to its query: who asks, where, which
//! operation and with which filters. A page never walks the rows before it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::call::{Call, Refusal};
use super::members;
use super::seed;

/// How one operation pages.
#[derive(Debug, Clone, Copy)]
pub struct Paging {
    /// The member that holds the token, in the input and in the answer.
    pub token: &'static str,
    /// The member that holds the most rows a page may have.
    pub size: &'static str,
    /// Rows of a page that asks for no size.
    pub default: usize,
    /// The most rows that a page may have.
    pub max: usize,
    /// The service's error code for a token that is not its own.
    pub code: &'static str,
    /// The sentence that goes with it.
    pub message: &'static str,
}

/// A place in a list: after which row to go on, and for how many rows.
#[derive(Debug)]
pub struct Cursor<K> {
    query: u64,
    /// The key of the last row that was given; `None` at the beginning.
    pub after: Option<K>,
    /// How many rows this page may hold.
    pub size: usize,
}

impl Paging {
    /// Reads token and size of `call`.
    ///
    /// # Errors
    /// The service's own refusal of a token that was not given for this very query.
    pub fn open<K: DeserializeOwned>(&self, call: &Call) -> Result<Cursor<K>, Refusal> {
        let query = self.query(call);
        let size = members::integer(&call.input, self.size).and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
        let size = size.unwrap_or(self.default).min(self.max);
        let after = match members::text(&call.input, self.token) {
            None | Some("") => None,
            Some(token) => Some(read(token, query).ok_or_else(|| Refusal::new(self.code, self.message))?),
        };
        Ok(Cursor { query, after, size })
    }

    fn query(&self, call: &Call) -> u64 {
        let mut input = call.input.clone();
        if let Value::Object(members) = &mut input {
            members.retain(|key, _| key != self.token && key != self.size);
            members.sort_keys();
        }
        let caller = &call.caller;
        // Health and Route 53 answer the same in every Region, but a client stays in one while it pages.
        seed::hash(0, &format!("{} {} {} {} {input}", caller.account, caller.region, call.service, call.operation))
    }
}

fn read<K: DeserializeOwned>(token: &str, query: u64) -> Option<K> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (bound, key): (u64, K) = serde_json::from_slice(&bytes).ok()?;
    (bound == query).then_some(key)
}

impl<K: Serialize> Cursor<K> {
    /// The page: as many of `rows` as it holds, and the token for the next one if there are more. `rows` begin after
    /// [`Cursor::after`]; no more than one row past the page is drawn from them.
    pub fn take<T>(self, rows: impl IntoIterator<Item = (K, T)>) -> (Vec<T>, Option<String>) {
        let mut rows = rows.into_iter();
        let mut page = Vec::new();
        let mut last = None;
        for (key, row) in rows.by_ref().take(self.size) {
            page.push(row);
            last = Some(key);
        }
        let more = page.len() == self.size && rows.next().is_some();
        let token = last.filter(|_| more).and_then(|key| serde_json::to_vec(&(self.query, key)).ok());
        (page, token.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ops::Bound;

    use serde_json::json;

    use super::super::call::Caller;
    use super::*;

    const PAGING: Paging =
        Paging { token: "NextToken", size: "MaxResults", default: 50, max: 100, code: "InvalidNextToken", message: "no" };

    fn call(input: Value) -> Call {
        let caller = Caller { account: "1".into(), region: "r".into(), arn: "a".into(), user_id: "u".into() };
        Call { caller, service: "backup", operation: "List".into(), input, at: "2026-03-14T03:00:00Z".parse().unwrap() }
    }

    fn page(rows: &BTreeMap<u32, u32>, call: &Call) -> (Vec<u32>, Option<String>) {
        let cursor = PAGING.open::<u32>(call).unwrap();
        let from = cursor.after.map_or(Bound::Unbounded, Bound::Excluded);
        cursor.take(rows.range((from, Bound::Unbounded)).map(|(key, row)| (*key, *row)))
    }

    #[test]
    fn pages_of_two_lose_and_double_nothing_even_when_rows_come_and_go() {
        let mut rows: BTreeMap<u32, u32> = (0..9).map(|n| (n * 10, n)).collect();
        let mut seen = Vec::new();
        let mut input = json!({"MaxResults": 2});
        loop {
            let (page, token) = page(&rows, &call(input.clone()));
            seen.extend(page);
            rows.insert(5, 100);
            rows.remove(&0);
            let Some(token) = token else { break };
            input["NextToken"] = token.into();
        }
        assert_eq!(seen, (0..9).collect::<Vec<_>>());
    }

    #[test]
    fn an_exactly_full_last_page_has_no_token() {
        let rows = (0..2).map(|n| (n, n)).collect();
        assert_eq!(page(&rows, &call(json!({"MaxResults": 2}))).1, None);
    }

    #[test]
    fn a_token_of_another_query_is_refused_in_the_services_words() {
        let rows = (0..9).map(|n| (n, n)).collect();
        let token = page(&rows, &call(json!({"MaxResults": 2}))).1.unwrap();
        let other = PAGING.open::<u32>(&call(json!({"MaxResults": 2, "ByStatus": "FAILED", "NextToken": token})));
        assert_eq!(other.unwrap_err().code, "InvalidNextToken");
        assert!(PAGING.open::<u32>(&call(json!({"NextToken": "made up"}))).is_err());
        assert!(PAGING.open::<u32>(&call(json!({"MaxResults": 3, "NextToken": token}))).is_ok());
    }
}
