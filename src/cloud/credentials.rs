//! Where credentials come from, and how they are renewed without restarting the console.
//!
//! The SDK's own providers read profile files once and keep them for good, so somebody who renews a session in another terminal
//! would have to restart. A [`Keyring`] makes its provider anew each time that credentials are needed, keeps them until shortly
//! before they expire, and never keeps a failure.

use std::fmt;
use std::sync::Arc;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;

use super::codes::Effect;
use super::error::problem;
use super::time::{ClockTime, to_utc};
use crate::clock::Clock;
use crate::domain::{Problem, ProblemKind, Region};

/// Credentials are renewed this long before they expire, so that a hiccup of STS in between does no harm.
const RENEW_BEFORE: TimeDelta = TimeDelta::minutes(5);
/// Credentials that do not say when they expire are read again after this long.
const READ_AGAIN_AFTER: TimeDelta = TimeDelta::minutes(15);

/// How the console comes by its base credentials.
#[derive(Clone)]
pub enum Access {
    /// As the AWS CLI does: environment, profile files, SSO, credential_process, role chains, container and instance roles.
    Habits {
        /// The profile; as with the AWS CLI's `--profile` it then wins over keys in the environment. `None`: `AWS_PROFILE`,
        /// `default` or none.
        profile: Option<String>,
    },
    /// These keys; nothing is read from the environment or from files, not even endpoints. Exercises use it.
    Fixed {
        /// `AKIA…` or `ASIA…`.
        access_key_id: String,
        /// The secret.
        secret_access_key: String,
        /// For temporary keys.
        session_token: Option<String>,
    },
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Habits { profile } => f.debug_struct("Habits").field("profile", profile).finish(),
            Self::Fixed { access_key_id, .. } => {
                f.debug_struct("Fixed").field("access_key_id", access_key_id).finish_non_exhaustive()
            }
        }
    }
}

/// What a keyring loads from.
#[derive(Debug)]
pub(super) enum Source {
    Fixed(Credentials),
    Habits {
        profile: Option<String>,
        /// Role chains of a profile call the STS endpoint of this Region.
        sts_region: Region,
        http: SharedHttpClient,
    },
    Role(Role),
}

/// A role that is assumed with the credentials of another keyring.
#[derive(Debug)]
pub(super) struct Role {
    pub(super) base: Keyring,
    /// Signs with `base`, in `region`.
    pub(super) client: aws_sdk_sts::Client,
    pub(super) region: Region,
    pub(super) arn: String,
    pub(super) external_id: Option<String>,
    pub(super) session_name: String,
}

/// Credentials that renew themselves. Cloning it gives another handle on the same ones.
#[derive(Debug, Clone)]
pub(super) struct Keyring(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Source,
    clock: Clock,
    held: Mutex<Option<Held>>,
}

#[derive(Debug, Clone)]
struct Held {
    credentials: Credentials,
    renew_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
}

impl Held {
    fn new(credentials: Credentials, now: DateTime<Utc>) -> Self {
        let expires_at = credentials.expiry().map(DateTime::<Utc>::from);
        let renew_at = expires_at.map_or(now + READ_AGAIN_AFTER, |at| at - RENEW_BEFORE);
        Self { credentials, renew_at, expires_at }
    }
}

impl Keyring {
    pub(super) fn new(source: Source, clock: Clock) -> Self {
        Self(Arc::new(Inner { source, clock, held: Mutex::new(None) }))
    }

    /// Present credentials; loads them if there are none or they are about to expire. One load at a time.
    ///
    /// # Errors
    /// Credentials could not be had. Nothing is remembered of that: the next call tries again.
    pub(super) async fn credentials(&self) -> provider::Result {
        let mut held = self.0.held.lock().await;
        let now = self.0.clock.now();
        if let Some(held) = held.as_ref().filter(|held| now < held.renew_at) {
            return Ok(held.credentials.clone());
        }
        match self.load().await {
            Ok(credentials) => {
                *held = Some(Held::new(credentials.clone(), self.0.clock.now()));
                Ok(credentials)
            }
            Err(error) => match held.as_ref().filter(|held| held.expires_at.is_none_or(|at| now < at)) {
                // What we hold is still good: renewing can wait for a better moment.
                Some(held) => {
                    tracing::warn!(%error, "credentials could not be renewed yet");
                    Ok(held.credentials.clone())
                }
                None => Err(error),
            },
        }
    }

    /// Drops what is held, the base's too: AWS says that it is no longer good.
    pub(super) async fn forget(&self) {
        *self.0.held.lock().await = None;
        if let Source::Role(role) = &self.0.source {
            *role.base.0.held.lock().await = None;
        }
    }

    async fn load(&self) -> provider::Result {
        match &self.0.source {
            Source::Fixed(credentials) => Ok(credentials.clone()),
            Source::Habits { profile, sts_region, http } => {
                let settings = ProviderConfig::without_region()
                    .with_region(Some(aws_types::region::Region::new(sts_region.as_str().to_owned())))
                    .with_http_client(http.clone())
                    .with_time_source(ClockTime(self.0.clock.clone()));
                match profile {
                    Some(name) => {
                        let provider = ProfileFileCredentialsProvider::builder().configure(&settings).profile_name(name).build();
                        provider.provide_credentials().await
                    }
                    None => {
                        let region = aws_types::region::Region::new(sts_region.as_str().to_owned());
                        let chain = DefaultCredentialsChain::builder().configure(settings).region(region).build().await;
                        chain.provide_credentials().await
                    }
                }
            }
            Source::Role(role) => role.assume().await.map_err(CredentialsError::provider_error),
        }
    }
}

impl ProvideCredentials for Keyring {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

impl Role {
    /// Calls AssumeRole at the Regional endpoint of STS.
    async fn assume(&self) -> Result<Credentials, Problem> {
        let operation = "STS AssumeRole";
        let call = self.client.assume_role().role_arn(&self.arn).role_session_name(&self.session_name);
        let answer = match call.set_external_id(self.external_id.clone()).send().await {
            Ok(answer) => answer,
            Err(error) => {
                let problem = problem(&error, operation, &self.region, Effect::Reads);
                if problem.kind == ProblemKind::Expired {
                    *self.base.0.held.lock().await = None;
                }
                return Err(problem);
            }
        };
        let Some(keys) = answer.credentials() else {
            return Err(Problem::new(ProblemKind::Expired, operation, "STS answered without credentials"));
        };
        let expiry = to_utc(keys.expiration()).map(Into::into);
        Ok(Credentials::new(
            keys.access_key_id(),
            keys.secret_access_key(),
            Some(keys.session_token().to_owned()),
            expiry,
            "lifeboat-assume-role",
        ))
    }
}

/// A role session name from any text: STS takes 2 to 64 of `A-Z a-z 0-9 _ + = , . @ -` (AssumeRole, RoleSessionName).
pub(super) fn session_name(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' };
    let name: String = text.chars().map(plain).take(64).collect();
    if name.len() < 2 { format!("lifeboat-{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(expires_at: Option<&str>) -> Credentials {
        let expiry = expires_at.map(|text| text.parse::<DateTime<Utc>>().unwrap().into());
        Credentials::new("AKIAEXERCISEOPERATOR", "exercise", None, expiry, "test")
    }

    #[test]
    fn credentials_are_renewed_before_they_expire_and_read_again_when_they_do_not_say() {
        let now: DateTime<Utc> = "2026-03-14T03:00:00Z".parse().unwrap();
        let held = Held::new(credentials(Some("2026-03-14T04:00:00Z")), now);
        assert_eq!(held.renew_at.to_rfc3339(), "2026-03-14T03:55:00+00:00");
        assert_eq!(Held::new(credentials(None), now).renew_at, now + READ_AGAIN_AFTER);
    }

    #[tokio::test]
    async fn forgotten_credentials_are_loaded_again() {
        let clock = Clock::simulated("2026-03-14T03:00:00Z".parse().unwrap(), 1.0);
        let keyring = Keyring::new(Source::Fixed(credentials(None)), clock);
        assert_eq!(keyring.credentials().await.unwrap().access_key_id(), "AKIAEXERCISEOPERATOR");
        assert!(keyring.0.held.lock().await.is_some());
        keyring.forget().await;
        assert!(keyring.0.held.lock().await.is_none());
    }

    #[test]
    fn session_names_hold_only_what_sts_takes() {
        assert_eq!(session_name("Ana Müller"), "Ana-M-ller");
        assert_eq!(session_name(&"x".repeat(80)).len(), 64);
        assert_eq!(session_name(""), "lifeboat-");
    }

    #[test]
    fn secrets_do_not_show() {
        let access =
            Access::Fixed { access_key_id: "AKIA".into(), secret_access_key: "hush".into(), session_token: Some("hush".into()) };
        assert!(!format!("{access:?}").contains("hush"));
    }
}
