//! The `wsdump` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    wsdump::cli::main()
}
