//! Completions and manual pages, from the arguments as they are declared.

use std::io;
use std::path::Path;

use clap::CommandFactory;

use crate::cli::Cli;

/// The completions of a shell.
pub fn completions(shell: clap_complete::Shell) -> String {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "lifeboat", &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// The manual page; with a folder, one page a command is written there instead, and their names are what is said.
///
/// # Errors
/// The folder cannot be made or written.
pub fn man(folder: Option<&Path>) -> io::Result<String> {
    let Some(folder) = folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page)?;
        return Ok(String::from_utf8_lossy(&page).into_owned());
    };
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Cli::command(), folder)?;
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "1") {
            names.push(path.display().to_string());
        }
    }
    names.sort();
    Ok(names.iter().map(|name| format!("{name}\n")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_shell_completes_every_command() {
        for shell in clap_complete::Shell::value_variants() {
            let script = completions(*shell);
            for command in Cli::command().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
            }
        }
    }

    #[test]
    fn every_command_has_its_page() {
        let folder = tempfile::tempdir().unwrap();
        let told = man(Some(&folder.path().join("man1"))).unwrap();
        for command in Cli::command().get_subcommands() {
            let page = folder.path().join(format!("man1/lifeboat-{}.1", command.get_name()));
            assert!(told.contains(&page.display().to_string()), "{told}");
            assert!(std::fs::read_to_string(page).unwrap().contains(".SH SYNOPSIS"));
        }
        assert!(man(None).unwrap().contains("lifeboat"));
    }
}
