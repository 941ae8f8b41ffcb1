//! Checksums of content, as clients send and expect them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde_json::{Map, Value};
use sha2::Sha256;

use crate::sim::call::Refusal;
use crate::sim::members;

/// The polynomial of CRC32C (Castagnoli), reflected.
const CASTAGNOLI: u64 = 0x82f6_3b78;
/// The polynomial of CRC64NVME, reflected.
const NVME: u64 = 0x9a6c_9329_ac4b_c9b5;

/// A reflected cyclic redundancy check of `bits` bits that begins and ends with all bits turned.
fn crc(bytes: &[u8], polynomial: u64, bits: u32) -> u64 {
    let mut table = [0_u64; 256];
    for (start, value) in (0_u64..).zip(&mut table) {
        *value = (0..8).fold(start, |sum, _| if sum & 1 == 1 { (sum >> 1) ^ polynomial } else { sum >> 1 });
    }
    let all = u64::MAX >> (64 - bits);
    let low = |sum: u64, byte: u8| usize::from(u8::try_from(sum & 0xff).unwrap_or_default() ^ byte);
    bytes.iter().fold(all, |sum, byte| (sum >> 8) ^ table[low(sum, *byte)]) ^ all
}

/// The MD5 of bytes.
pub fn md5(bytes: &[u8]) -> Vec<u8> {
    Md5::digest(bytes).to_vec()
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The checksum of that name, in base64; `None` for one that is not computed here.
fn sum(name: &str, bytes: &[u8]) -> Option<String> {
    let bytes = match name {
        "CRC32" => {
            let mut crc = flate2::Crc::new();
            crc.update(bytes);
            crc.sum().to_be_bytes().to_vec()
        }
        "CRC32C" => crc(bytes, CASTAGNOLI, 32).to_be_bytes()[4..].to_vec(),
        "CRC64NVME" => crc(bytes, NVME, 64).to_be_bytes().to_vec(),
        "SHA256" => Sha256::digest(bytes).to_vec(),
        _ => return None,
    };
    Some(STANDARD.encode(bytes))
}

/// Holds content against what the client says of it, and gives the checksum that the object has from then on, as members.
///
/// # Errors
/// The content was changed on its way.
pub fn check(input: &Value, bytes: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if let Some(given) = members::text(input, "ContentMD5") {
        match STANDARD.decode(given) {
            Ok(digest) if digest.len() == 16 => {
                if digest != md5(bytes) {
                    let message = "The Content-MD5 you specified did not match what we received.";
                    return Err(Refusal::new("BadDigest", message));
                }
            }
            _ => return Err(Refusal::new("InvalidDigest", "The Content-MD5 you specified was invalid.")),
        }
    }
    let mut sums = Map::new();
    for name in ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] {
        let member = format!("Checksum{name}");
        let Some(given) = members::text(input, &member) else { continue };
        if sum(name, bytes).is_some_and(|sum| sum != given) {
            let message = format!("The {name} you specified did not match the calculated checksum.");
            return Err(Refusal::new("BadDigest", message));
        }
        sums.insert(member, given.into());
    }
    if sums.is_empty() {
        // A client may name the algorithm alone; without any S3 takes its own.
        let asked = members::text(input, "ChecksumAlgorithm").unwrap_or("CRC64NVME");
        let name = if sum(asked, b"").is_some() { asked } else { "CRC64NVME" };
        sums.insert(format!("Checksum{name}"), sum(name, bytes).unwrap_or_default().into());
    }
    sums.insert("ChecksumType".to_owned(), "FULL_OBJECT".into());
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn checksums_have_their_published_check_values() {
        let of = |name| hex(&STANDARD.decode(sum(name, b"123456789").unwrap()).unwrap());
        assert_eq!(of("CRC32"), "cbf43926");
        assert_eq!(of("CRC32C"), "e3069283");
        assert_eq!(of("CRC64NVME"), "ae8b14860a799888");
    }

    #[test]
    fn content_that_was_changed_on_its_way_is_refused() {
        assert_eq!(check(&json!({"ContentMD5": "XUFAKrxLKna5cZ2REBfFkg=="}), b"hello").unwrap().len(), 2);
        assert_eq!(check(&json!({"ContentMD5": "XUFAKrxLKna5cZ2REBfFkg=="}), b"hallo").unwrap_err().code, "BadDigest");
        assert_eq!(check(&json!({"ContentMD5": "x"}), b"hello").unwrap_err().code, "InvalidDigest");
        assert_eq!(check(&json!({"ChecksumCRC32": "AAAAAA=="}), b"hello").unwrap_err().code, "BadDigest");
    }
}
