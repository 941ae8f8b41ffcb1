//! `s3.rewind`: a bucket's objects as they were at a moment.

use super::PointInTime;
use crate::document::Table;
use crate::plan::Template;
use crate::plan::steps::Context;

/// The parameters of `s3.rewind`.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketRewind {
    /// The bucket.
    pub bucket: Template,
    /// Only objects whose keys begin so.
    pub prefix: Template,
    /// To which moment; never `Latest`.
    pub to: PointInTime,
}

impl BucketRewind {
    pub(in crate::plan) fn read(with: &Table<'_>, context: &Context<'_>) -> Option<Self> {
        let bucket = context.required_template(with, "bucket");
        let prefix = if with.has("prefix") { context.template(with, "prefix") } else { Some(Template::literal("")) };
        let to = with.required("to", PointInTime::read);
        if to == Some(PointInTime::Latest) {
            with.fault("to", "\"latest\" is how the objects are now", Some("a UTC time, or \"impact - 2m\"".to_owned()));
        }
        Some(Self { bucket: bucket?, prefix: prefix?, to: to? })
    }
}
