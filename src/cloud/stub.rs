//! For tests of this room: an endpoint on loopback that gives prepared answers, one per request, and keeps what was asked.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Access, Base, Connection, Recorder, SiteSettings, Timeouts};
use crate::clock::Clock;
use crate::domain::{Region, SiteName};

/// What the endpoint does with a request.
pub(super) enum Answer {
    /// A status and a body.
    Says(u16, &'static str),
    /// A status and a body in RPC v2 CBOR.
    Cbor(u16, &'static [u8]),
    /// Takes the request and closes the connection.
    HangsUp,
    /// Takes the request and never answers.
    Silence,
}

pub(super) struct Stub {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    pub(super) async fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(serve(listener, answers, Arc::clone(&asked)));
        Self { url, asked }
    }

    /// The requests so far, as they were on the wire.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// A connection to it as the exercise's operator, in eu-west-1 with STS in eu-central-1.
    pub(super) async fn connect(&self, role_arn: Option<&str>, timeouts: Timeouts, recorder: &Recorder) -> Connection {
        let access = Access::Fixed {
            access_key_id: "AKIAEXERCISEOPERATOR".into(),
            secret_access_key: "exercise".into(),
            session_token: None,
        };
        let base = Base::new(access, Region::new("eu-central-1")).with_endpoint_url(&self.url).with_timeouts(timeouts);
        let site = SiteSettings {
            name: SiteName::primary(),
            region: Region::new("eu-west-1"),
            profile: None,
            role_arn: role_arn.map(str::to_owned),
            external_id: None,
            session_name: "ana".into(),
        };
        let clock = Clock::simulated("2026-03-14T03:00:00Z".parse().unwrap(), 20.0);
        Connection::open(&base, &site, &clock, recorder).await.unwrap()
    }
}

async fn serve(listener: TcpListener, answers: Vec<Answer>, asked: Arc<Mutex<Vec<String>>>) {
    let mut silent = Vec::new();
    for answer in answers {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await;
        asked.lock().unwrap().push(request);
        match answer {
            Answer::HangsUp => {}
            Answer::Silence => silent.push(stream),
            Answer::Says(status, body) => say(&mut stream, status, "", body.as_bytes()).await,
            Answer::Cbor(status, body) => {
                say(&mut stream, status, "smithy-protocol: rpc-v2-cbor\r\ncontent-type: application/cbor\r\n", body).await;
            }
        }
    }
    // Holds silent connections open, and refuses nothing, until the test ends.
    std::future::pending::<()>().await;
}

async fn say(stream: &mut TcpStream, status: u16, headers: &str, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 {status} .\r\nconnection: close\r\ndate: Sat, 14 Mar 2026 03:00:07 GMT\r\n\
         x-amzn-requestid: req-1\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
}

async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).await.unwrap();
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if count == 0 {
                return text;
            }
            continue;
        };
        let length = head.to_ascii_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        if count == 0 || body.len() >= length.unwrap_or(0) {
            return text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Answer::{Cbor, HangsUp, Says, Silence};
    use super::*;
    use crate::cloud::{ActiveRegion, Effect, Health, HealthFilter, Retries, Route53, Sts, client};
    use crate::domain::ProblemKind;
    use std::time::Duration;

    const ROLE: &str = "arn:aws:iam::111122223333:role/lifeboat-operator";
    const ROLE_KEYS: &str = "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>\
        <AccessKeyId>ASIAEXERCISE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
        <Expiration>2026-03-14T04:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    const IDENTITY: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
        <Account>111122223333</Account><Arn>arn:aws:sts::111122223333:assumed-role/lifeboat-operator/ana</Arn>\
        </GetCallerIdentityResult></GetCallerIdentityResponse>";
    const EXPIRED: &str = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
        <Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error></ErrorResponse>";

    #[tokio::test]
    async fn a_role_is_assumed_in_the_recovery_region_and_loaded_anew_after_aws_refused_its_keys() {
        let stub = Stub::start(vec![Says(200, ROLE_KEYS), Says(403, EXPIRED), Says(200, ROLE_KEYS), Says(200, IDENTITY)]).await;
        let recorder = Recorder::new();
        let connection = stub.connect(Some(ROLE), Timeouts::default(), &recorder).await;
        let sts = Sts::new(&connection);
        assert_eq!(sts.identity().await.unwrap_err().kind, ProblemKind::Expired);
        assert_eq!(sts.identity().await.unwrap().account.as_str(), "111122223333");

        let asked = stub.asked();
        assert!(asked[0].contains("Credential=AKIAEXERCISEOPERATOR/20260314/eu-central-1/sts/"), "{}", asked[0]);
        assert!(asked[0].contains("RoleSessionName=ana"), "{}", asked[0]);
        assert!(asked[1].contains("Credential=ASIAEXERCISE/20260314/eu-west-1/sts/"), "{}", asked[1]);
        assert!(asked[2].contains("Action=AssumeRole"), "{}", asked[2]);
        let notes: Vec<_> = recorder.calls().into_iter().map(|note| (note.operation, note.status, note.attempt)).collect();
        let expected = [("AssumeRole", 200), ("GetCallerIdentity", 403), ("AssumeRole", 200), ("GetCallerIdentity", 200)];
        assert_eq!(notes, expected.map(|(operation, status)| (operation.to_owned(), Some(status), 1)));
        let offset = recorder.offset().borrow().unwrap();
        assert!((offset.secs - 7.5).abs() < 1e-6, "the simulated clock stands still: {offset:?}");
    }

    #[tokio::test]
    async fn a_change_whose_answer_is_lost_is_unknown_and_was_sent_once() {
        let quick = Timeouts { attempt: Duration::from_millis(200), ..Timeouts::default() };
        for answer in [HangsUp, Silence] {
            let stub = Stub::start(vec![answer]).await;
            let connection = stub.connect(None, quick, &Recorder::new()).await;
            let client = client!(aws_sdk_backup, connection, Retries::Never);
            let start = client.start_restore_job().recovery_point_arn("arn").metadata("k", "v").idempotency_token("t");
            let error = start.send().await.unwrap_err();
            let problem = connection.problem(error, "Backup StartRestoreJob", Effect::Changes).await;
            assert_eq!(problem.kind, ProblemKind::Unknown, "{problem}");
            assert_eq!(stub.asked().len(), 1);
        }
    }

    #[tokio::test]
    async fn health_at_an_endpoint_of_ones_own_is_signed_for_us_east_1() {
        let stub = Stub::start(vec![Says(400, "")]).await;
        let connection = stub.connect(None, Timeouts::default(), &Recorder::new()).await;
        let problem = Health::new(&connection).events(&HealthFilter::default(), 1).await.unwrap_err();
        assert!(stub.asked()[0].contains("/us-east-1/health/aws4_request"), "{}", stub.asked()[0]);
        assert_eq!(problem.region, Some(Region::new("us-east-1")));
    }

    #[tokio::test]
    async fn a_list_of_events_begins_anew_when_health_moves_between_two_pages() {
        let told = |body: &'static [u8]| Cbor(200, body);
        // {"events": [], "nextToken": "t"}, the refusal of that token by the other Region, and an empty list.
        let first = told(b"\xa2\x66events\x80\x69nextToken\x61t");
        let refused = Cbor(400, b"\xa1\x66__type\x76InvalidPaginationToken");
        let stub = Stub::start(vec![first, refused, told(b"\xa1\x66events\x80")]).await;
        let connection = stub.connect(None, Timeouts::default(), &Recorder::new()).await;
        let found = Health::new(&connection).events(&HealthFilter::default(), 9).await.unwrap();
        assert!(found.complete && found.rows.is_empty());
        assert_eq!(stub.asked().len(), 3);
    }

    /// Health in two Regions, each with its answers; the active one is told from `active`, one a question, the last one from then on.
    async fn health_in_two(one: Vec<Answer>, other: Vec<Answer>, active: &'static [&'static str]) -> (Health, [Stub; 2]) {
        let (one, other) = (Stub::start(one).await, Stub::start(other).await);
        let mut connections = Vec::new();
        for (stub, region) in [(&one, "us-east-1"), (&other, "us-east-2")] {
            let connection = stub.connect(None, Timeouts::default(), &Recorder::new()).await;
            connections.push(connection.in_region(&Region::new(region)));
        }
        let asked = std::sync::atomic::AtomicUsize::new(0);
        let active = ActiveRegion::told_by(move || {
            let nth = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed).min(active.len() - 1);
            Box::pin(async move { Some(Region::new(active[nth])) })
        });
        (Health::at(connections, Some(active)), [one, other])
    }

    #[tokio::test]
    async fn the_active_region_of_health_is_asked_and_signed_for_whichever_it_is() {
        let empty = || Cbor(200, b"\xa1\x66events\x80");
        let (health, [first, second]) = health_in_two(vec![], vec![empty()], &["us-east-2"]).await;
        assert!(health.events(&HealthFilter::default(), 9).await.unwrap().complete);
        assert!(first.asked().is_empty());
        assert!(second.asked()[0].contains("/us-east-2/health/aws4_request"), "{}", second.asked()[0]);
        // The active one refuses what is signed for it: it has moved, though its name does not say so yet.
        let moved = Cbor(403, b"\xa1\x66__type\x78\x19InvalidSignatureException");
        let (health, [first, second]) = health_in_two(vec![moved], vec![empty()], &["us-east-1"]).await;
        assert!(health.events(&HealthFilter::default(), 9).await.unwrap().complete);
        assert_eq!((first.asked().len(), second.asked().len()), (1, 1));
    }

    #[tokio::test]
    async fn a_list_begins_anew_in_the_other_region_when_the_active_one_changes_under_it() {
        // {"events": [], "nextToken": "t"}, then a page that ends it: a whole list, of a Region that is no longer the active one.
        let first = Cbor(200, b"\xa2\x66events\x80\x69nextToken\x61t");
        let empty = || Cbor(200, b"\xa1\x66events\x80");
        let (health, [one, other]) = health_in_two(vec![first, empty()], vec![empty()], &["us-east-1", "us-east-2"]).await;
        assert!(health.events(&HealthFilter::default(), 9).await.unwrap().complete);
        assert_eq!((one.asked().len(), other.asked().len()), (2, 1));
    }

    #[tokio::test]
    async fn a_question_that_is_throttled_is_asked_again_at_the_pace_of_its_budget() {
        let throttled = Cbor(400, b"\xa1\x66__type\x73ThrottlingException");
        let stub = Stub::start(vec![throttled, Cbor(200, b"\xa1\x66events\x80")]).await;
        let connection = stub.connect(None, Timeouts::default(), &Recorder::new()).await;
        assert!(Health::new(&connection).events(&HealthFilter::default(), 1).await.is_ok());
        assert_eq!(stub.asked().len(), 2);
    }

    #[tokio::test]
    async fn records_of_one_name_end_at_the_first_other_name() {
        let page = "<ListResourceRecordSetsResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ResourceRecordSets>\
            <ResourceRecordSet><Name>www.shop.example.com.</Name><Type>A</Type><SetIdentifier>a</SetIdentifier><Weight>0</Weight>\
            <TTL>60</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.10</Value></ResourceRecord></ResourceRecords>\
            </ResourceRecordSet><ResourceRecordSet><Name>zzz.shop.example.com.</Name><Type>A</Type></ResourceRecordSet>\
            </ResourceRecordSets><IsTruncated>true</IsTruncated><MaxItems>300</MaxItems></ListResourceRecordSetsResponse>";
        let stub = Stub::start(vec![Says(200, page)]).await;
        let connection = stub.connect(None, Timeouts::default(), &Recorder::new()).await;
        let found = Route53::new(&connection).records("/hostedzone/Z0", Some("www.shop.example.com"), 9).await.unwrap();
        assert!(found.complete);
        assert_eq!((found.rows.len(), found.rows[0].weight), (1, Some(0)));
        assert!(stub.asked()[0].starts_with("GET /2013-04-01/hostedzone/Z0/rrset?"), "{}", stub.asked()[0]);
        assert!(stub.asked()[0].contains("/us-east-1/route53/aws4_request"), "{}", stub.asked()[0]);
    }
}
