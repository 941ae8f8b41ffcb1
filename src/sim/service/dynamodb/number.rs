//! DynamoDB's numbers: up to 38 digits and a power of ten, compared and added exactly.

use std::cmp::Ordering;

/// The most significant digits of a number.
const DIGITS: usize = 38;
/// The greatest power of ten that a number can have, in scientific notation.
const MAGNITUDE: i32 = 125;
/// The least power of ten that a number can have, in scientific notation.
const SMALLNESS: i32 = -130;

/// A number: `0.digits × 10^exponent`. Without digits it is zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Number {
    negative: bool,
    /// Without zeros at either end.
    digits: Vec<u8>,
    exponent: i32,
}

/// Why a text is no number of DynamoDB, in its words.
pub type Wrong = String;

impl Number {
    /// Reads a number.
    ///
    /// # Errors
    /// DynamoDB's sentence about it.
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        let wrong = || "The parameter cannot be converted to a numeric value".to_owned() + &told(text);
        let (negative, plain) = match text.strip_prefix(['-', '+']) {
            Some(rest) => (text.starts_with('-'), rest),
            None => (false, text),
        };
        let (mantissa, power) = match plain.split_once(['e', 'E']) {
            Some((mantissa, power)) => {
                (mantissa, power.parse::<i32>().ok().filter(|power| power.abs() < 100_000).ok_or_else(wrong)?)
            }
            None => (plain, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !is_digits(whole) || !is_digits(fraction) {
            return Err(wrong());
        }
        let digits = whole.bytes().chain(fraction.bytes()).map(|byte| byte - b'0').collect();
        let exponent = i32::try_from(whole.len()).unwrap_or(i32::MAX / 2).saturating_add(power);
        Self::made(negative, digits, exponent).checked()
    }

    fn made(negative: bool, mut digits: Vec<u8>, mut exponent: i32) -> Self {
        while digits.last() == Some(&0) {
            digits.pop();
        }
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        digits.drain(..zeros);
        exponent -= i32::try_from(zeros).unwrap_or(i32::MAX);
        if digits.is_empty() { Self::default() } else { Self { negative, digits, exponent } }
    }

    fn checked(self) -> Result<Self, Wrong> {
        if self.digits.is_empty() {
            return Ok(self);
        }
        if self.digits.len() > DIGITS {
            return Err("Attempting to store more than 38 significant digits in a Number".to_owned());
        }
        match self.exponent - 1 {
            power if power > MAGNITUDE => {
                Err("Number overflow. Attempting to store a number with magnitude larger than supported range".to_owned())
            }
            power if power < SMALLNESS => {
                Err("Number underflow. Attempting to store a number with magnitude smaller than supported range".to_owned())
            }
            _ => Ok(self),
        }
    }

    /// The sum.
    ///
    /// # Errors
    /// It has more digits, or is larger, than a number may be.
    pub fn plus(&self, other: &Self) -> Result<Self, Wrong> {
        if self.digits.is_empty() || other.digits.is_empty() {
            return Ok(if self.digits.is_empty() { other.clone() } else { self.clone() });
        }
        // Both as whole numbers of the same unit, most significant digit first.
        let low = |of: &Self| of.exponent - i32::try_from(of.digits.len()).unwrap_or_default();
        let (bottom, top) = (low(self).min(low(other)), self.exponent.max(other.exponent) + 1);
        let spread = |of: &Self| -> Vec<u8> {
            let zeros = |count: i32| std::iter::repeat_n(0, usize::try_from(count).unwrap_or_default());
            zeros(top - of.exponent).chain(of.digits.iter().copied()).chain(zeros(low(of) - bottom)).collect()
        };
        let (mut large, mut small) = (spread(self), spread(other));
        let mut negative = self.negative;
        if self.negative != other.negative && large < small {
            std::mem::swap(&mut large, &mut small);
            negative = other.negative;
        }
        let mut carry = 0;
        for at in (0..large.len()).rev() {
            let (a, b) = (i16::from(large[at]), i16::from(small[at]));
            let value = if self.negative == other.negative { a + b + carry } else { a - b + carry };
            carry = value.div_euclid(10);
            large[at] = u8::try_from(value.rem_euclid(10)).unwrap_or_default();
        }
        Self::made(negative, large, top).checked()
    }

    /// The same number with the other sign.
    #[must_use]
    pub fn negated(mut self) -> Self {
        self.negative = !self.negative && !self.digits.is_empty();
        self
    }

    /// How many bytes it counts for in the size of an item.
    pub fn size(&self) -> usize {
        self.digits.len().div_ceil(2) + 1
    }
}

fn told(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

impl std::fmt::Display for Number {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.digits.is_empty() {
            return formatter.write_str("0");
        }
        let digits: String = self.digits.iter().map(|digit| char::from(digit + b'0')).collect();
        let sign = if self.negative { "-" } else { "" };
        match usize::try_from(self.exponent) {
            Err(_) | Ok(0) => write!(formatter, "{sign}0.{}{digits}", "0".repeat(self.exponent.unsigned_abs() as usize)),
            Ok(whole) if whole >= digits.len() => write!(formatter, "{sign}{digits}{}", "0".repeat(whole - digits.len())),
            Ok(whole) => write!(formatter, "{sign}{}.{}", &digits[..whole], &digits[whole..]),
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |of: &Self| match (of.digits.is_empty(), of.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let size = || self.exponent.cmp(&other.exponent).then_with(|| self.digits.cmp(&other.digits));
        sign(self).cmp(&sign(other)).then_with(|| match sign(self) {
            0 => Ordering::Equal,
            1 => size(),
            _ => size().reverse(),
        })
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn numbers_are_told_in_one_way() {
        for (given, told) in
            [("007", "7"), ("-0", "0"), ("1e3", "1000"), ("1.50", "1.5"), ("-.5", "-0.5"), ("12e-4", "0.0012"), ("100", "100")]
        {
            assert_eq!(number(given).to_string(), told);
        }
        for wrong in ["", "-", "abc", "1.2.3", "1e", "0x1", "1e126", "1e-131", &"1".repeat(39)] {
            assert!(Number::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(number(&"9".repeat(38)).to_string(), "9".repeat(38));
    }

    #[test]
    fn numbers_are_ordered_and_added_exactly() {
        let mut sorted = ["10", "-2", "0", "9.5", "-30", "0.01", "1e2"].map(number);
        sorted.sort();
        assert_eq!(sorted.map(|number| number.to_string()).join(" "), "-30 -2 0 0.01 9.5 10 100");
        for (a, b, sum) in [("1", "2", "3"), ("0.1", "0.2", "0.3"), ("5", "-7", "-2"), ("-5", "5", "0"), ("999", "1", "1000")] {
            assert_eq!(number(a).plus(&number(b)).unwrap().to_string(), sum);
        }
        assert!(number("1e40").plus(&number("1e-40")).is_err());
    }
}
