//! The push feed: a queue at a site that an EventBridge rule fills, long-polled. Polling goes on beside it as the safety net.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::{Problem, ProblemKind, Pushed, PushedSignal, SiteName};
use crate::store::Update;

use super::{Common, pause};

/// The rest after messages that were all seen before: they come again until the queue drops them.
const NOTHING_NEW: Duration = Duration::from_millis(400);
/// As many messages as one question brings at most.
const FULL: usize = 10;
/// How many ids are kept to know an event again: more than a queue's minute of a very bad day.
const IDS_KEPT: usize = 20_000;

/// Listens at a site's queue until the console stops.
pub(super) async fn listen(common: Arc<Common>, site: SiteName) {
    let Some(plan) = common.plan.site(&site) else { return };
    let Some(queue) = plan.queue.clone() else { return };
    let account = plan.account.clone();
    let (mut failures, mut known) = (0, Known::default());
    for seq in 1.. {
        let answer = match common.site(&site) {
            Ok(clients) => match common.within(clients.queue.receive(&account, &queue)).await {
                Some(answer) => answer,
                None => return,
            },
            Err(problem) => Err(problem),
        };
        let count = answer.as_ref().map_or(0, Vec::len);
        let received = count > 0;
        let answer = answer.map(|bodies| known.new_among(&bodies));
        failures = if answer.is_err() { failures + 1 } else { 0 };
        let new = answer.as_ref().is_ok_and(|events| !events.is_empty());
        for event in answer.iter().flatten() {
            if let PushedSignal::Alarm(alarm) = &event.signal {
                common.note_pushed(&alarm.name);
            }
        }
        if new || !received {
            let update = Update::Pushed { site: site.clone(), seq, at: common.clock.now(), answer: answer.map_err(explained) };
            common.tell(update).await;
        }
        let rest = match (failures, received && !new) {
            // As many as one question brings: what is new may stand behind them.
            (0, true) if count >= FULL => continue,
            (0, true) => NOTHING_NEW,
            (0, false) => continue,
            (failures, _) => pause(1, failures),
        };
        if common.within(tokio::time::sleep(rest)).await.is_none() {
            return;
        }
    }
}

fn explained(mut problem: Problem) -> Problem {
    if problem.kind == ProblemKind::Missing {
        problem.message.push_str(": `lifeboat feed template` prints the stack that makes the queue");
    }
    problem
}

/// The ids of the latest events, in the order in which they came.
#[derive(Debug, Default)]
struct Known {
    ids: std::collections::HashSet<String>,
    order: std::collections::VecDeque<String>,
}

impl Known {
    /// The events that were not seen before. What is no event is left out, and said in the log.
    fn new_among(&mut self, bodies: &[String]) -> Vec<Pushed> {
        bodies.iter().filter_map(|body| self.new_event(body)).collect()
    }

    fn new_event(&mut self, body: &str) -> Option<Pushed> {
        let event = match Pushed::read(body) {
            Ok(event) => event,
            Err(what) => {
                tracing::debug!(what, "a message in the feed's queue is no signal");
                return None;
            }
        };
        if !self.ids.insert(event.id.clone()) {
            return None;
        }
        self.order.push_back(event.id.clone());
        if self.order.len() > IDS_KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(id: usize) -> String {
        format!(
            r#"{{"id":"{id}","source":"aws.cloudwatch","detail-type":"CloudWatch Alarm State Change","detail":{{"alarmName":"a"}}}}"#
        )
    }

    #[test]
    fn an_event_that_comes_again_is_one_event_and_old_ids_are_let_go() {
        let mut known = Known::default();
        assert_eq!(known.new_among(&[body(1), body(1), body(2), "noise".to_owned()]).len(), 2);
        assert!(known.new_among(&[body(2)]).is_empty());
        for id in 3..IDS_KEPT + 10 {
            known.new_event(&body(id));
        }
        assert_eq!((known.ids.len(), known.order.len()), (IDS_KEPT, IDS_KEPT));
    }
}
