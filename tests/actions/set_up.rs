//! What a plan finds: made through the same door as everything else, with keys of the accounts themselves.

use aws_sdk_lambda::primitives::Blob;
use lifeboat::cloud::{Access, Base, Connection, Recorder, Retries, SiteSettings};
use lifeboat::domain::{Region, SiteName};

use crate::table::Table;

/// The way in for those who set up.
pub struct SetUp {
    recovery: Connection,
}

macro_rules! sdk {
    ($name:ident, $site:ident, $sdk:ident) => {
        pub fn $name(&self) -> $sdk::Client {
            $sdk::Client::new(self.$site.sdk_config(Retries::Read))
        }
    };
}

impl SetUp {
    pub async fn of(table: &Table) -> Self {
        let open = async |key: &str, name: SiteName, region: &str| {
            let access = Access::Fixed { access_key_id: key.into(), secret_access_key: "x".into(), session_token: None };
            let base = Base::new(access, Region::new(region)).with_endpoint_url(table.exercise.endpoint_url());
            let settings = SiteSettings {
                name,
                region: Region::new(region),
                profile: None,
                role_arn: None,
                external_id: None,
                session_name: "setup".into(),
            };
            Connection::open(&base, &settings, &table.exercise.clock, &Recorder::new()).await.unwrap()
        };
        Self { recovery: open("AKIASETUPRECOVERY000", SiteName::recovery(), "eu-central-1").await }
    }

    sdk!(lambda, recovery, aws_sdk_lambda);
    sdk!(states, recovery, aws_sdk_sfn);
    sdk!(sns, recovery, aws_sdk_sns);

    /// A function that answers `answer`.
    pub async fn function(&self, name: &str, answer: &str) {
        use aws_sdk_lambda::types::{Environment, FunctionCode, Runtime};
        let code = FunctionCode::builder().zip_file(Blob::new(b"PK".as_slice())).build();
        let environment = Environment::builder().variables("SIMULATED_RESPONSE", answer).build();
        let make = self.lambda().create_function().function_name(name).role("arn:aws:iam::444455556666:role/f").code(code);
        make.runtime(Runtime::Python312).handler("f.f").environment(environment).send().await.unwrap();
    }

    /// The function fails from now on; without a message it answers well again.
    pub async fn function_fails(&self, name: &str, message: Option<&str>) {
        use aws_sdk_lambda::types::Environment;
        let environment = match message {
            Some(message) => {
                let error = serde_json::json!({"errorType": "IndexError", "errorMessage": message}).to_string();
                Environment::builder().variables("SIMULATED_ERROR", error)
            }
            None => Environment::builder().variables("SIMULATED_RESPONSE", r#"{"warmed": 48000}"#),
        };
        let change = self.lambda().update_function_configuration().function_name(name);
        change.environment(environment.build()).send().await.unwrap();
    }

    /// A state machine that waits a minute and then calls the function.
    pub async fn state_machine(&self, name: &str, function: &str) {
        let definition = serde_json::json!({
            "StartAt": "Pause",
            "States": {
                "Pause": {"Type": "Wait", "Seconds": 60, "Next": "Index"},
                "Index": {
                    "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
                    "Parameters": {"FunctionName": function, "Payload.$": "$"}, "ResultSelector": {"indexed.$": "$.Payload.warmed"},
                    "End": true,
                },
            },
        });
        let make = self.states().create_state_machine().name(name).definition(definition.to_string());
        make.role_arn("arn:aws:iam::444455556666:role/f").send().await.unwrap();
    }
}
