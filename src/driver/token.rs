//! The idempotency token of an attempt: derived, so that the same attempt always has the same one and every other one differs.

use sha2::{Digest, Sha256};

use crate::domain::{IncidentId, StepId};

/// A UUID (version 8, "custom", RFC 9562) from incident, step and attempt. SSM wants its tokens to be UUIDs; the others take any text.
pub(super) fn token(incident: &IncidentId, step: &StepId, attempt: u32) -> String {
    let digest = Sha256::digest(format!("lifeboat\n{incident}\n{step}\n{attempt}"));
    let mut bytes: Vec<u8> = digest.iter().take(16).copied().collect();
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_attempt_has_the_same_token_and_every_other_one_differs() {
        let of = |incident: &str, step: &str, attempt| token(&IncidentId::new(incident), &StepId::new(step), attempt);
        let first = of("20260314-shop-0001", "orders-table", 1);
        assert_eq!(first, of("20260314-shop-0001", "orders-table", 1));
        assert_ne!(first, of("20260314-shop-0001", "orders-table", 2));
        assert_ne!(first, of("20260314-shop-0001", "orders-db", 1));
        assert_ne!(first, of("20260314-shop-0002", "orders-table", 1));
        assert_eq!(first.len(), 36);
        assert_eq!(first.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    }
}
