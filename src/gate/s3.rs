//! S3's calls: a rewind writes each object once, and looks at it right before.

use aws_sdk_s3::Client;
use futures_util::stream::{self, StreamExt};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Sent;
use super::lane::{Lane, failed};
use crate::cloud::{Effect, Retries, client};
use crate::domain::{ObjectRewind, ObjectsRewind, Problem, ProblemKind};

/// How many objects are written at a time.
const SIDE_BY_SIDE: usize = 8;
/// What stays as it is in the source of a copy, which is a path (S3 API reference, CopyObject).
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A HEAD's answer has no body that could hold a code: its status alone tells.
fn is_absent(problem: &Problem) -> bool {
    problem.kind == ProblemKind::Missing || (problem.kind == ProblemKind::Unavailable && problem.code.is_none())
}

impl Lane {
    /// Goes on after an object that cannot be written, and then tells of the first such. An object that is as it was then already
    /// is left alone: so the call can be sent again after its end was lost.
    pub(super) async fn rewind_objects(&self, rewind: &ObjectsRewind) -> Sent {
        let client = client!(aws_sdk_s3, self.connection, Retries::Never);
        let jobs: Vec<_> = rewind.objects.iter().map(|object| self.rewind_object(&client, &rewind.bucket, object)).collect();
        let mut outcomes = stream::iter(jobs).buffer_unordered(SIDE_BY_SIDE);
        let (mut done, mut trouble): (usize, Vec<Sent>) = (0, Vec::new());
        while let Some(outcome) = outcomes.next().await {
            match outcome {
                None => done += 1,
                Some(sent) => trouble.push(sent),
            }
        }
        // Whether everything is known comes first: what was lost is looked up before anything is said about the rest.
        let lost = trouble.iter().position(|sent| matches!(sent, Sent::Lost(_))).unwrap_or(0);
        let count = rewind.objects.len();
        match trouble.into_iter().nth(lost) {
            None => Sent::Answered { handle: format!("{count} objects"), request_id: None, aws_at: None },
            Some(Sent::Refused(mut problem)) => {
                problem.message = format!("{done} of {count} objects are as they were then; {}", problem.message);
                Sent::Refused(problem)
            }
            Some(other) => other,
        }
    }

    /// `None` if the object is now as it was then.
    async fn rewind_object(&self, client: &Client, bucket: &str, object: &ObjectRewind) -> Option<Sent> {
        let now = match client.head_object().bucket(bucket).key(&object.key).send().await {
            Ok(head) => Some((head.version_id.unwrap_or_default(), head.e_tag.unwrap_or_default())),
            Err(error) => match failed(&self.connection, error, "S3 HeadObject", Effect::Reads).await {
                // An object under a delete marker answers like one that is not there.
                Sent::Refused(problem) if is_absent(&problem) => None,
                other => return Some(other),
            },
        };
        let etag = now.as_ref().map(|(_, etag)| etag.clone());
        if etag == object.etag {
            return None;
        }
        // The version of a delete marker is not told: that there is nothing now is all that can be compared.
        if now.as_ref().is_some_and(|(version, _)| *version != object.current) {
            let message = format!("{} was written by somebody else since it was confirmed", object.key);
            return Some(Sent::Refused(Problem::new(ProblemKind::Drift, "S3 rewind", message)));
        }
        match &object.version_id {
            Some(version) => {
                let path = utf8_percent_encode(&object.key, PATH);
                let source = format!("{bucket}/{path}?versionId={version}");
                let ask = client.copy_object().bucket(bucket).key(&object.key).copy_source(source);
                match ask.send().await {
                    Ok(_) => None,
                    Err(error) => Some(failed(&self.connection, error, "S3 CopyObject", Effect::Changes).await),
                }
            }
            None => match client.delete_object().bucket(bucket).key(&object.key).send().await {
                Ok(_) => None,
                Err(error) => Some(failed(&self.connection, error, "S3 DeleteObject", Effect::Changes).await),
            },
        }
    }
}
