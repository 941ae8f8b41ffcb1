//! Lambda: is a function there, and can it be invoked?

use super::client;
use super::site::{Connection, Retries};
use crate::domain::{Problem, ProblemKind};

/// Asks Lambda at one site.
#[derive(Debug, Clone)]
pub struct Lambda {
    connection: Connection,
    client: aws_sdk_lambda::Client,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its ARN.
    pub arn: String,
    /// `Active`, `Pending`, `Inactive`, `Failed`, as it came; `Active` where it is not told.
    pub state: String,
    /// Why, where it is not active.
    pub reason: Option<String>,
    /// How long it may run, in seconds.
    pub timeout: Option<i32>,
}

impl Lambda {
    /// Through `connection`.
    pub fn new(connection: &Connection) -> Self {
        Self { client: client!(aws_sdk_lambda, connection, Retries::Read), connection: connection.clone() }
    }

    /// A function by name or ARN, and version or alias; `None` if there is none.
    ///
    /// # Errors
    /// Any kind but Missing.
    pub async fn function(&self, name: &str, qualifier: Option<&str>) -> Result<Option<Function>, Problem> {
        let ask = self.client.get_function_configuration().function_name(name).set_qualifier(qualifier.map(str::to_owned));
        match self.connection.read(ask.send(), "Lambda GetFunctionConfiguration").await {
            Ok(found) => Ok(Some(Function {
                arn: found.function_arn().unwrap_or_default().to_owned(),
                state: found.state().map_or("Active", |state| state.as_str()).to_owned(),
                reason: found.state_reason().map(str::to_owned),
                timeout: found.timeout(),
            })),
            Err(problem) if problem.kind == ProblemKind::Missing => Ok(None),
            Err(problem) => Err(problem),
        }
    }
}
