//! Starts lifeboat.
fn main() {}
