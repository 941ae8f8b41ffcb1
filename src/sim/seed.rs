//! Everything random in the simulated AWS, from one seed: ids that are drawn in order, and noise that is a function of its place.
//!
//! The generator is SplitMix64 (Steele, Lea, Flood 2014): small, and a draw depends on nothing but the seed and its number, so
//! that a world can be rebuilt from its record. It is no source of secrets.

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finishing step of SplitMix64: spreads the bits of `value`.
pub fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A hash of `text` under `seed` (FNV-1a, then mixed): the same on every machine and in every run.
pub fn hash(seed: u64, text: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ mix(seed);
    mix(text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)))
}

/// A number in 0.0..1.0 out of 64 bits.
#[expect(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
pub fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// A UUID in its usual spelling, marked as version 4.
pub fn uuid(high: u64, low: u64) -> String {
    let high = (high & !0xf000) | 0x4000;
    let low = (low & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
    let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0xffff);
    format!("{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", low >> 48, low & 0xffff_ffff_ffff)
}

/// Ids in the order in which they are drawn.
#[derive(Debug, Clone)]
pub struct Ids {
    seed: u64,
    drawn: u64,
}

impl Ids {
    /// A stream of its own for each `purpose`, so that a read never shifts the ids of what is made.
    pub fn new(seed: u64, purpose: &str) -> Self {
        Self { seed: hash(seed, purpose), drawn: 0 }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.drawn += 1;
        mix(self.seed.wrapping_add(self.drawn.wrapping_mul(GOLDEN)))
    }

    /// The next UUID.
    pub fn uuid(&mut self) -> String {
        let (high, low) = (self.bits(), self.bits());
        uuid(high, low)
    }

    /// The next `digits` lower-case hexadecimal digits.
    pub fn hex(&mut self, digits: usize) -> String {
        self.letters(digits, b"0123456789abcdef")
    }

    /// The next `length` capital letters and digits, as in access keys and change ids.
    pub fn capitals(&mut self, length: usize) -> String {
        self.letters(length, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    }

    fn letters(&mut self, length: usize, of: &[u8]) -> String {
        (0..length).map(|_| char::from(of[usize::try_from(self.bits() % of.len() as u64).unwrap_or(0)])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_ids_and_another_seed_draws_others() {
        let draw = |seed| {
            (0..20)
                .map({
                    let mut ids = Ids::new(seed, "jobs");
                    move |_| ids.uuid()
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn a_uuid_has_the_usual_shape() {
        let id = Ids::new(1, "x").uuid();
        assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_eq!(&id[14..15], "4");
    }

    #[test]
    fn units_stay_in_range() {
        assert!((0..1000).map(|n| unit(mix(n))).all(|u| (0.0..1.0).contains(&u)));
    }
}
