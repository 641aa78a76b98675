//! The `wsdump` command.

fn main() {}
