//! The fingerprint of a public key that a caller brings.
//!
//! Source: EC2 user guide, "Verify the fingerprint of your key pair": of RSA keys the MD5 of the public key in DER, of ED25519 keys
//! the SHA-256 in base64. RFC 4253, 6.6, for the form of the key; RFC 3279, 2.3.1, for DER.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use sha2::Sha256;

/// The kind of the key and its fingerprint; `None` for what is no key in OpenSSH's form.
pub(super) fn fingerprint(material: &[u8]) -> Option<(&'static str, String)> {
    let text = std::str::from_utf8(material).ok()?;
    let mut words = text.split_whitespace();
    let (kind, blob) = (words.next()?, STANDARD.decode(words.next()?).ok()?);
    let mut rest = blob.as_slice();
    let named = field(&mut rest)?;
    if named != kind.as_bytes() {
        return None;
    }
    match kind {
        "ssh-rsa" => {
            let (exponent, modulus) = (field(&mut rest)?, field(&mut rest)?);
            let pairs: Vec<_> = Md5::digest(public_key(modulus, exponent)).iter().map(|byte| format!("{byte:02x}")).collect();
            Some(("rsa", pairs.join(":")))
        }
        "ssh-ed25519" => Some(("ed25519", STANDARD.encode(Sha256::digest(&blob)))),
        _ => None,
    }
}

/// The next field of an SSH blob: its length in four bytes, then itself.
fn field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (field, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(field)
}

/// SubjectPublicKeyInfo of an RSA key.
fn public_key(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    const RSA: [u8; 15] = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let key = der(0x30, &[der(0x02, modulus), der(0x02, exponent)].concat());
    let bits = der(0x03, &[&[0], key.as_slice()].concat());
    der(0x30, &[RSA.as_slice(), &bits].concat())
}

/// One value of DER: tag, length, content.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut told = vec![tag];
    match (length, content.len()) {
        (_, short @ 0..128) => told.extend(u8::try_from(short)),
        (long, _) => {
            told.push(0x80 | u8::try_from(long.len()).unwrap_or_default());
            told.extend_from_slice(long);
        }
    }
    told.extend_from_slice(content);
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_openssh_form_has_the_fingerprint_that_ec2_tells() {
        let key = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDR7Sbft8/WHbm0j/7sQohCyHneMuU/l7bA0cunJmwQ4/wb+uzPB11GUD27d5LZEppFfaCdkB\
             Z6w9w5tCfmg3o7YSfH/55DidP+Uf+RgKncu5OtM2d8/ydkDcJs6MMb+7rir+nJ4lUTJfrO+FmOlKZxPkPgdDEqzD0jxcBQg+E0dmscs5XNR4bO\
             ehvXpSeEkcH8tg9tvy3c1YRirCgkek/4vFHC4T5ShzP7Por24OUkaL3/zBItJpM5KbvIpZtUGqIbWCKqZE5n3vb8LXPZurTE6qDtCI6W5n1aaz\
             H3WVgu6tuUhMeHhRHAeC5QoCVnRMOtmazH8i/W0JUBS+ETDRbn test";
        assert_eq!(fingerprint(key.as_bytes()), Some(("rsa", "26:22:3a:23:04:13:e8:c5:7c:8b:52:6f:f6:62:e7:62".to_owned())));
        for wrong in ["", "ssh-rsa", "ssh-rsa AAAA", "ssh-dss AAAAB3NzaC1yc2E=", "-----BEGIN PUBLIC KEY-----", "ssh-rsa !!"] {
            assert_eq!(fingerprint(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
