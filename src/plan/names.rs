//! The shapes of AWS's names: accounts, Regions, ARNs; and of the plan's own ids.
//!
//! Only what can be told from the text; whether anything of that name exists is for AWS to say.

/// An ARN in its six parts: `arn:aws:rds:eu-west-1:111122223333:db:orders-db` (IAM User Guide, "Amazon Resource Names").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arn<'t> {
    /// `rds`.
    pub service: &'t str,
    /// Empty for global services and for S3.
    pub region: &'t str,
    /// Empty for S3 buckets.
    pub account: &'t str,
    /// Everything after the fifth colon.
    pub resource: &'t str,
}

impl<'t> Arn<'t> {
    /// Takes a text apart. `None`: it is not an ARN.
    pub fn parse(text: &'t str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, resource] = parts[..] else { return None };
        let well_formed = (partition == "aws" || partition.starts_with("aws-"))
            && !service.is_empty()
            && (region.is_empty() || is_region(region))
            && (account.is_empty() || account == "aws" || is_account(account))
            && !resource.is_empty()
            && !text.contains(char::is_whitespace);
        well_formed.then_some(Self { service, region, account, resource })
    }
}

/// Twelve digits.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `eu-central-1`, `us-gov-west-1`: two letters, words, a number.
pub(super) fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [area, middle @ .., number] = parts.as_slice() else { return false };
    let word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let digits = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    area.len() == 2 && word(area) && !middle.is_empty() && middle.iter().all(|part| word(part)) && digits(number)
}

/// Ids are written in `${steps.ID.OUTPUT}` and in file names: letters, digits, `-` and `_`, at most 64.
pub(super) fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_of_every_partition_are_regions_and_zones_are_not() {
        for region in ["eu-central-1", "us-gov-west-1", "ap-southeast-7", "us-iso-east-1", "cn-north-1", "mx-central-1"] {
            assert!(is_region(region), "{region}");
        }
        for other in ["", "eu-central-1a", "eu-central", "EU-Central-1", "europe", "eu--1", "eu-1", "-central-1"] {
            assert!(!is_region(other), "{other}");
        }
    }

    #[test]
    fn an_arn_is_taken_apart_and_half_an_arn_is_refused() {
        let arn = Arn::parse("arn:aws:rds:eu-west-1:111122223333:db:orders-db").unwrap();
        assert_eq!((arn.service, arn.region, arn.account, arn.resource), ("rds", "eu-west-1", "111122223333", "db:orders-db"));
        assert!(Arn::parse("arn:aws:s3:::shop-assets-eu-west-1").is_some());
        assert!(Arn::parse("arn:aws-us-gov:iam::111122223333:role/a/b").is_some());
        for text in [
            "",
            "orders",
            "arn:aws:rds:eu-west-1:1111:db:x",
            "arn:aws:rds:europe:111122223333:db:x",
            "arn:aws:s3:::",
            "arn:aws:s3::: x",
        ] {
            assert_eq!(Arn::parse(text), None, "{text}");
        }
    }
}
