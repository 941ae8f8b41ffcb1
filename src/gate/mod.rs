//! The gate: the only place from which AWS is changed.
//!
//! It takes a [`Confirmed`], which only the journal hands out once a person's confirmation is durable,
//! and sends exactly the call that it holds, once. A console that is read-only has no gate. Knows nothing of plans, of progress
//! or of what the answer is good for.

mod backup;
mod cloudcontrol;
mod cloudformation;
mod dynamodb;
mod lambda;
mod lane;
mod regionswitch;
mod route53;
mod routingcontrol;
mod s3;
mod sns;
mod ssm;
mod stepfunctions;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::cloud::Connection;
use crate::domain::{Problem, ProblemKind, SiteName};
use crate::journal::Confirmed;

/// The way to AWS for confirmed calls, one lane a site.
#[derive(Debug)]
pub struct Gate {
    lanes: BTreeMap<SiteName, lane::Lane>,
}

/// What became of a confirmed call.
#[derive(Debug)]
pub enum Sent {
    /// AWS carried it out.
    Answered {
        /// The job, execution, item or change id to follow.
        handle: String,
        /// AWS's request id.
        request_id: Option<String>,
        /// AWS's time of it, where the answer has one.
        aws_at: Option<DateTime<Utc>>,
    },
    /// Nothing was changed.
    Refused(Problem),
    /// Whether it took effect is not known.
    Lost(Problem),
}

impl Gate {
    /// A gate to these sites.
    pub fn new<'a>(connections: impl IntoIterator<Item = &'a Connection>) -> Self {
        let lanes = connections.into_iter().map(|connection| (connection.site().clone(), lane::Lane::new(connection)));
        Self { lanes: lanes.collect() }
    }

    /// Sends the confirmed call. The confirmation is used up by it: to send again takes a new look into the journal.
    ///
    /// Must be awaited to its end: dropping it does not undo what AWS has begun.
    pub async fn send(&self, confirmed: Confirmed) -> Sent {
        let confirmation = confirmed.confirmation();
        match self.lanes.get(&confirmation.site) {
            Some(lane) => lane.send(confirmed.call()).await,
            None => Sent::Refused(Problem::new(
                ProblemKind::Invalid,
                confirmed.call().operation(),
                format!("this console has no connection to the site {}", confirmation.site),
            )),
        }
    }
}
