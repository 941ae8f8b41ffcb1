//! A connection to one site: its Region, its credentials, and the settings that every client there is built with.
//!
//! All connections of a console share one HTTP client. Region traps, from AWS's endpoint rules and guides:
//! - STS answers in every Region. Roles are assumed through the *recovery* Region's endpoint ([`Base::new`](super::Base::new)), never through the global
//!   one, which lives in us-east-1, nor through the sick primary's.
//! - Route 53's control plane lives in us-east-1 and signs for it ([`Connection::global`]).
//! - AWS Health is asked at its global host, see [`super::Health`].

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_types::service_config::ServiceConfigKey;

use super::base::{Base, sdk_region};
use super::budget::{Budget, Budgets};
use super::codes::Effect;
use super::credentials::{Keyring, Role, Source, session_name};
use super::error::{no_credentials, problem};
use super::listing::{Listing, gather};
use super::older_protocol::OlderProtocol;
use super::record::{Noting, Recorder};
use crate::clock::Clock;
use crate::domain::{Problem, ProblemKind, Region, SiteName};

/// For questions that wait: to make a connection.
const LONG_CONNECT: Duration = Duration::from_secs(3);
/// For questions that wait: one attempt.
const LONG_WAIT: Duration = Duration::from_secs(30);
/// How often a question that AWS throttles is asked again, at the pace that its budget allows.
const THROTTLED_AT_MOST: u32 = 6;
/// How often a question without an answer is asked again.
const FAILED_AT_MOST: u32 = 2;
/// The rest before a question without an answer is asked again; longer each time.
const REST: Duration = Duration::from_millis(150);

/// The settings of one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteSettings {
    /// The site.
    pub name: SiteName,
    /// Its Region.
    pub region: Region,
    /// The profile of its base credentials; `None`: the console's own.
    pub profile: Option<String>,
    /// The role to assume there; `None`: the base credentials act.
    pub role_arn: Option<String>,
    /// What the role's trust policy asks for.
    pub external_id: Option<String>,
    /// Shown in the caller's ARN and in CloudTrail; characters that STS does not take become `-`.
    pub session_name: String,
}

/// Which failures the SDK repeats on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retries {
    /// Standard, 3 attempts: for calls that change nothing.
    Read,
    /// Standard, 2 attempts: for changes that carry a token of AWS's.
    WithToken,
    /// One attempt: for changes without a token.
    Never,
}

/// A site, ready to be asked. Cloning it is cheap enough for each client to have one.
#[derive(Debug, Clone)]
pub struct Connection {
    site: SiteName,
    region: Region,
    /// Whose limits the calls count against: the role's account, else the profile.
    account: String,
    keyring: Keyring,
    settings: Arc<Settings>,
    noting: Noting,
    budgets: Budgets,
    /// What an endpoint of one's own is spoken to in where it does not know the newer protocol.
    older: Option<OlderProtocol>,
}

#[derive(Debug)]
struct Settings {
    read: SdkConfig,
    with_token: SdkConfig,
    never: SdkConfig,
}

impl Settings {
    fn new(read: SdkConfig) -> Arc<Self> {
        let with = |retries| read.to_builder().retry_config(retries).build();
        let with_token = with(RetryConfig::standard().with_max_attempts(2));
        let never = with(RetryConfig::disabled());
        Arc::new(Self { read, with_token, never })
    }
}

impl Connection {
    /// Prepares a site. Calls nothing: whether credentials are good shows when something is asked, and may change while we run.
    ///
    /// # Errors
    /// Settings that cannot work: kind Invalid.
    pub async fn open(base: &Base, site: &SiteSettings, clock: &Clock, recorder: &Recorder) -> Result<Self, Problem> {
        let noting = Noting { recorder: recorder.clone(), clock: clock.clone() };
        let profile = site.profile.as_deref();
        let mut keyring = base.keyring(profile, clock);
        let mut settings = base.settings(profile, &site.region, clock, &keyring).await;
        if let Some(role_arn) = &site.role_arn {
            if !role_arn.starts_with("arn:") {
                let message = format!("role_arn of site {} is not an ARN: {role_arn}", site.name);
                return Err(Problem::new(ProblemKind::Invalid, "connect", message));
            }
            let sts = settings.to_builder().region(sdk_region(&base.sts_region)).build();
            let sts = aws_sdk_sts::config::Builder::from(&sts).interceptor(noting.clone()).build();
            let role = Role {
                base: keyring,
                client: aws_sdk_sts::Client::from_conf(sts),
                region: base.sts_region.clone(),
                arn: role_arn.clone(),
                external_id: site.external_id.clone(),
                session_name: session_name(&site.session_name),
            };
            keyring = Keyring::new(Source::Role(role), clock.clone());
            settings = settings.into_builder().credentials_provider(SharedCredentialsProvider::new(keyring.clone())).build();
        }
        let (name, region) = (site.name.clone(), site.region.clone());
        let of_role = site.role_arn.as_deref().and_then(|arn| arn.split(':').nth(4));
        let account = of_role.or(profile).unwrap_or_default().to_owned();
        let budgets = base.budgets.clone();
        Ok(Self { site: name, region, account, keyring, settings: Settings::new(settings), noting, budgets, older: None })
    }

    /// The site's name.
    pub fn site(&self) -> &SiteName {
        &self.site
    }

    /// The Region that is asked.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The clock that signs.
    pub fn clock(&self) -> &Clock {
        &self.noting.clock
    }

    /// What a client is built from; add [`Connection::noting`] as its interceptor.
    pub fn sdk_config(&self, retries: Retries) -> &SdkConfig {
        match retries {
            Retries::Read => &self.settings.read,
            Retries::WithToken => &self.settings.with_token,
            Retries::Never => &self.settings.never,
        }
    }

    /// The interceptor that notes every call.
    pub fn noting(&self) -> Noting {
        self.noting.clone()
    }

    /// The same site for questions that wait for something to happen: an attempt may take 30 seconds.
    pub(super) fn patient(&self) -> Self {
        self.patient_for(LONG_WAIT)
    }

    /// The same site for a change whose answer comes when its work is done: it is waited for so long.
    pub fn patient_for(&self, wait: Duration) -> Self {
        let limits = TimeoutConfig::builder().connect_timeout(LONG_CONNECT).operation_attempt_timeout(wait).build();
        let read = self.settings.read.to_builder().timeout_config(limits).build();
        Self { settings: Settings::new(read), ..self.clone() }
    }

    /// The same site asked at an address that a service (by its SDK id) gave out for its resource; an endpoint of one's own wins.
    pub fn at_endpoint(&self, service_id: &str, region: &Region, url: &str) -> Self {
        let there = self.in_region(region);
        if there.has_own_endpoint(service_id) {
            return there;
        }
        let read = there.settings.read.to_builder().endpoint_url(url).build();
        Self { settings: Settings::new(read), ..there }
    }

    /// The same site, with an older protocol to turn to.
    pub(super) fn speaking(&self, older: OlderProtocol) -> Self {
        Self { older: Some(older), ..self.clone() }
    }

    /// The same site asked in another Region, or pseudo-Region.
    pub fn in_region(&self, region: &Region) -> Self {
        let read = self.settings.read.to_builder().region(sdk_region(region)).build();
        Self { region: region.clone(), settings: Settings::new(read), ..self.clone() }
    }

    /// The same site asked where its partition's global services live: us-east-1, in China cn-northwest-1, in GovCloud us-gov-west-1.
    pub fn global(&self) -> Self {
        let region = match self.region.as_str() {
            china if china.starts_with("cn-") => "cn-northwest-1",
            government if government.starts_with("us-gov-") => "us-gov-west-1",
            _ => Region::GLOBAL,
        };
        self.in_region(&Region::new(region))
    }

    /// Is this service (by its SDK id, such as `Health`) asked at an address of one's own instead of AWS's?
    pub fn has_own_endpoint(&self, service_id: &str) -> bool {
        let settings = &self.settings.read;
        let key = ServiceConfigKey::builder().service_id(service_id).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
        let configured = || settings.service_config().zip(key.ok()).and_then(|(config, key)| config.load_config(key));
        settings.endpoint_url().is_some() || configured().is_some()
    }

    /// Loads credentials if they are due, without the time limit of an attempt: a `credential_process` may ask a person.
    ///
    /// # Errors
    /// They cannot be had: kind Expired, or the problem of the STS call.
    pub async fn load_credentials(&self) -> Result<(), Problem> {
        self.keyring.credentials().await.map(drop).map_err(|error| no_credentials(&error, "load credentials"))
    }

    /// What went wrong with a call through this connection. Credentials that AWS has refused are dropped, so that the next call reads
    /// them anew and works as soon as somebody has renewed the session.
    pub async fn problem<E>(&self, error: SdkError<E, HttpResponse>, operation: &str, effect: Effect) -> Problem
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let problem = problem(&error, operation, &self.region, effect);
        if problem.kind == ProblemKind::Expired {
            self.keyring.forget().await;
        }
        problem
    }

    /// A problem of our own about a call here: AWS answered, but not with what is needed.
    pub(super) fn no_answer(&self, kind: ProblemKind, operation: &str, message: impl Into<String>) -> Problem {
        Problem { region: Some(self.region.clone()), ..Problem::new(kind, operation, message) }
    }

    /// The answer of a call that only reads, asked for within the budget of its operation and again after a passing failure. Its
    /// client is built with [`Retries::Never`]: what is asked again counts, too.
    ///
    /// # Errors
    /// Any kind, of the last attempt.
    pub(super) async fn ask<T, E, F>(&self, operation: &'static str, ask: impl Fn() -> F) -> Result<T, Problem>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (budget, own_endpoint) = self.budget(operation);
        let (mut throttled, mut failed) = (0, 0);
        loop {
            budget.turn().await;
            let older = self.older.as_ref().filter(|older| own_endpoint && !older.is_spoken());
            let problem = match self.judged(ask().await, operation).await {
                Ok(answer) => {
                    budget.answered();
                    return Ok(answer);
                }
                Err(problem) => problem,
            };
            match problem.kind {
                ProblemKind::Throttled if throttled < THROTTLED_AT_MOST => {
                    throttled += 1;
                    budget.throttled();
                }
                ProblemKind::Unreachable if failed < FAILED_AT_MOST => {
                    failed += 1;
                    tokio::time::sleep(REST * failed).await;
                }
                ProblemKind::Unavailable if older.is_some() => older.into_iter().for_each(OlderProtocol::begin),
                _ => return Err(problem),
            }
        }
    }

    /// The budget of an operation, and whether it is asked at an address of one's own.
    fn budget(&self, operation: &'static str) -> (Budget, bool) {
        let own_endpoint = self.has_own_endpoint(operation.split(' ').next().unwrap_or_default());
        (self.budgets.of(&self.account, &self.region, operation, own_endpoint), own_endpoint)
    }

    /// The answer of a call that only reads, asked for once within the budget of its operation; the SDK may ask again after a passing
    /// failure.
    pub(super) async fn read<T, E>(
        &self,
        answer: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        operation: &'static str,
    ) -> Result<T, Problem>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (budget, _) = self.budget(operation);
        budget.turn().await;
        let answer = self.judged(answer.await, operation).await;
        budget.hear(&answer);
        answer
    }

    /// The same for a list of pages that the SDK turns; at most `pages` of them. `take` moves a page's rows into the list and says
    /// whether AWS has more.
    pub(super) async fn gather<Page, T, E>(
        &self,
        stream: PaginationStream<Result<Page, SdkError<E, HttpResponse>>>,
        pages: usize,
        operation: &'static str,
        take: impl FnMut(Page, &mut Vec<T>) -> bool,
    ) -> Result<Listing<T>, Problem>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (budget, _) = self.budget(operation);
        let found = self.judged(gather(stream, pages, take, || budget.turn()).await, operation).await;
        budget.hear(&found);
        found
    }

    async fn judged<T, E>(&self, answer: Result<T, SdkError<E, HttpResponse>>, operation: &str) -> Result<T, Problem>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match answer {
            Ok(answer) => Ok(answer),
            Err(error) => Err(self.problem(error, operation, Effect::Reads).await),
        }
    }
}

/// A client of an SDK crate from a [`Connection`]: `client!(aws_sdk_backup, connection, Retries::Read)`.
macro_rules! client {
    ($sdk:ident, $connection:expr, $retries:expr) => {
        $sdk::Client::from_conf(
            $sdk::config::Builder::from($connection.sdk_config($retries)).interceptor($connection.noting()).build(),
        )
    };
}
pub(crate) use client;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::Access;

    async fn connection(base: &Base, role_arn: Option<&str>) -> Result<Connection, Problem> {
        let site = SiteSettings {
            name: SiteName::recovery(),
            region: Region::new("eu-central-1"),
            profile: None,
            role_arn: role_arn.map(str::to_owned),
            external_id: None,
            session_name: "ana".into(),
        };
        let clock = Clock::simulated("2026-03-14T03:00:00Z".parse().unwrap(), 20.0);
        Connection::open(base, &site, &clock, &Recorder::new()).await
    }

    fn exercise() -> Base {
        let access = Access::Fixed {
            access_key_id: "AKIAEXERCISEOPERATOR".into(),
            secret_access_key: "exercise".into(),
            session_token: None,
        };
        Base::new(access, Region::new("eu-central-1"))
    }

    #[tokio::test]
    async fn a_change_without_a_token_is_sent_once() {
        let connection = connection(&exercise(), None).await.unwrap();
        for (retries, attempts) in [(Retries::Read, 3), (Retries::WithToken, 2), (Retries::Never, 1)] {
            assert_eq!(connection.sdk_config(retries).retry_config().unwrap().max_attempts(), attempts);
        }
    }

    #[tokio::test]
    async fn an_exercise_has_the_endpoint_it_was_given_and_no_other() {
        let base = exercise().with_endpoint_url("http://127.0.0.1:9");
        let connection = connection(&base, None).await.unwrap();
        let settings = connection.sdk_config(Retries::Never);
        assert_eq!(settings.endpoint_url(), Some("http://127.0.0.1:9"));
        assert!(settings.service_config().is_none(), "environment and profiles must not be read");
        assert!(connection.has_own_endpoint("Health"));
    }

    #[tokio::test]
    async fn global_services_are_asked_where_the_partition_keeps_them() {
        let connection = connection(&exercise(), None).await.unwrap();
        for (region, global) in [("eu-west-1", "us-east-1"), ("cn-north-1", "cn-northwest-1"), ("us-gov-east-1", "us-gov-west-1")]
        {
            assert_eq!(connection.in_region(&Region::new(region)).global().region().as_str(), global);
        }
    }

    #[tokio::test]
    async fn a_role_that_is_no_arn_is_refused() {
        let problem = connection(&exercise(), Some("lifeboat-operator")).await.unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Invalid);
    }

    #[tokio::test]
    async fn no_connection_is_unreachable_even_for_a_change() {
        let base = exercise().with_endpoint_url("http://127.0.0.1:9");
        let connection = connection(&base, None).await.unwrap();
        let client = client!(aws_sdk_sts, connection, Retries::Never);
        let error = client.get_caller_identity().send().await.unwrap_err();
        let problem = connection.problem(error, "STS GetCallerIdentity", Effect::Changes).await;
        assert_eq!(problem.kind, ProblemKind::Unreachable, "{problem}");
    }

    #[tokio::test]
    async fn a_role_that_cannot_be_assumed_is_told_as_the_problem_of_assume_role() {
        let base = exercise().with_endpoint_url("http://127.0.0.1:9");
        let connection = connection(&base, Some("arn:aws:iam::444455556666:role/lifeboat-operator")).await.unwrap();
        let client = client!(aws_sdk_backup, connection, Retries::Never);
        let error = client.list_backup_vaults().send().await.unwrap_err();
        let problem = connection.problem(error, "Backup ListBackupVaults", Effect::Reads).await;
        assert_eq!((problem.kind, problem.operation.as_str()), (ProblemKind::Unreachable, "STS AssumeRole"), "{problem}");
    }
}
