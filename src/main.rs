//! Starts lifeboat: arguments in, exit code out, and what went wrong printed once.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match lifeboat::run(lifeboat::cli::Cli::parse()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // Nothing is left to be told if standard error is closed.
            let _ = writeln!(std::io::stderr(), "lifeboat: {}", error.chain());
            ExitCode::from(lifeboat::error::FAILED)
        }
    }
}
