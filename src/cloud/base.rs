//! What all connections of a console share: one way to credentials, one HTTP client, one set of limits.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::budget::Budgets;
use super::credentials::{Access, Keyring, Source};
use super::time::ClockTime;
use crate::clock::Clock;
use crate::domain::Region;

/// How long a call may take, in real time even when the clock is simulated: it is the network that is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To make a connection.
    pub connect: Duration,
    /// One attempt, with the loading of credentials if they are due.
    pub attempt: Duration,
    /// All attempts together.
    pub operation: Duration,
}

impl Default for Timeouts {
    /// 3, 10 and 25 seconds.
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), attempt: Duration::from_secs(10), operation: Duration::from_secs(25) }
    }
}

/// What all connections of a console have in common.
#[derive(Debug)]
pub struct Base {
    access: Access,
    pub(super) sts_region: Region,
    endpoint_url: Option<String>,
    timeouts: Timeouts,
    http: SharedHttpClient,
    pub(super) budgets: Budgets,
    /// By profile, so that sites with one profile share one set of base credentials.
    keyrings: Mutex<BTreeMap<Option<String>, Keyring>>,
}

impl Base {
    /// `sts_region` is the Region whose STS issues the sites' roles: the recovery Region.
    pub fn new(access: Access, sts_region: Region) -> Self {
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        Self {
            access,
            sts_region,
            endpoint_url: None,
            timeouts: Timeouts::default(),
            http: aws_smithy_http_client::Builder::new().tls_provider(provider).build_https(),
            budgets: Budgets::default(),
            keyrings: Mutex::default(),
        }
    }

    /// Sends everything to this address instead of AWS, and wins over the endpoints of environment and profile.
    #[must_use]
    pub fn with_endpoint_url(mut self, url: impl Into<String>) -> Self {
        let url = url.into();
        // Fixed credentials ask nobody else: without TLS the machine's certificates need not be read, which takes longer than a start.
        if url.starts_with("http://") && matches!(self.access, Access::Fixed { .. }) {
            self.http = aws_smithy_http_client::Builder::new().build_http();
        }
        self.endpoint_url = Some(url);
        self
    }

    /// Other limits of time.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// The shared HTTP client.
    pub fn http_client(&self) -> SharedHttpClient {
        self.http.clone()
    }

    pub(super) fn keyring(&self, profile: Option<&str>, clock: &Clock) -> Keyring {
        let (key, source) = match &self.access {
            Access::Fixed { access_key_id, secret_access_key, session_token } => {
                let token = session_token.clone();
                (None, Source::Fixed(Credentials::new(access_key_id, secret_access_key, token, None, "lifeboat-fixed")))
            }
            Access::Habits { profile: base } => {
                let profile = profile.or(base.as_deref()).map(str::to_owned);
                let (sts_region, http) = (self.sts_region.clone(), self.http.clone());
                (profile.clone(), Source::Habits { profile, sts_region, http })
            }
        };
        let mut keyrings = self.keyrings.lock().unwrap_or_else(PoisonError::into_inner);
        keyrings.entry(key).or_insert_with(|| Keyring::new(source, clock.clone())).clone()
    }

    /// The settings for `region` with the base credentials.
    pub(super) async fn settings(&self, profile: Option<&str>, region: &Region, clock: &Clock, keyring: &Keyring) -> SdkConfig {
        let region = sdk_region(region);
        let time = ClockTime(clock.clone());
        let limits = TimeoutConfig::builder()
            .connect_timeout(self.timeouts.connect)
            .operation_attempt_timeout(self.timeouts.attempt)
            .operation_timeout(self.timeouts.operation)
            .build();
        let mut settings = match &self.access {
            Access::Fixed { .. } => SdkConfig::builder()
                .behavior_version(BehaviorVersion::latest())
                .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
                .region(region)
                .time_source(time)
                .http_client(self.http.clone()),
            Access::Habits { profile: base } => {
                let mut loader = aws_config::defaults(BehaviorVersion::latest())
                    .region(region)
                    .time_source(time)
                    .http_client(self.http.clone())
                    .credentials_provider(keyring.clone());
                if let Some(name) = profile.or(base.as_deref()) {
                    loader = loader.profile_name(name);
                }
                if let Some(url) = &self.endpoint_url {
                    loader = loader.endpoint_url(url);
                }
                loader.load().await.into_builder()
            }
        };
        if let Some(url) = &self.endpoint_url {
            settings.set_endpoint_url(Some(url.clone()));
        }
        settings.set_app_name(AppName::new("lifeboat").ok());
        settings
            .timeout_config(limits)
            .credentials_provider(SharedCredentialsProvider::new(keyring.clone()))
            // A keyring keeps credentials itself; a second cache would hold on to what AWS has already refused.
            .identity_cache(IdentityCache::no_cache())
            // It measures by the time source, which may run many times as fast as the network; attempts are limited anyway.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .build()
    }
}

/// The SDK's type of the same Region.
pub(super) fn sdk_region(region: &Region) -> aws_types::region::Region {
    aws_types::region::Region::new(region.as_str().to_owned())
}
