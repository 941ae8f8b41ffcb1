//! lifeboat: a terminal console for bringing a workload on AWS back from backups after a disaster.
pub mod clock;
pub mod domain;
pub mod engine;
pub mod journal;
pub mod plan;
pub mod report;
pub mod store;
