//! What packages are made from is there, and the licences of all dependencies are ones that the project takes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of the test functions themselves")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// What cargo knows of every package of the lock file, without asking a network.
fn packages() -> Vec<Value> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let asked = ["metadata", "--format-version", "1", "--offline", "--locked"];
    let output = Command::new(cargo).args(asked).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let known: Value = serde_json::from_slice(&output.stdout).unwrap();
    known["packages"].as_array().unwrap().clone()
}

fn allowed() -> BTreeSet<String> {
    let deny: toml::Table = read("deny.toml").parse().unwrap();
    deny["licenses"]["allow"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// May this be taken? `AND` needs both sides, `OR` and the older `/` one; parentheses go one deep.
fn may_be_taken(licence: &str, allowed: &BTreeSet<String>) -> bool {
    let licence = licence.trim();
    let split = |text: &str, by: &str| -> Option<Vec<String>> {
        let (mut parts, mut part, mut depth) = (Vec::new(), String::new(), 0);
        for word in text.replace('(', "( ").replace(')', " )").replace('/', " OR ").split_whitespace() {
            depth += i32::from(word == "(") - i32::from(word == ")");
            if word == by && depth == 0 {
                parts.push(std::mem::take(&mut part));
            } else {
                part.push_str(word);
                part.push(' ');
            }
        }
        parts.push(part);
        (parts.len() > 1).then_some(parts)
    };
    if let Some(parts) = split(licence, "OR") {
        return parts.iter().any(|part| may_be_taken(part, allowed));
    }
    if let Some(parts) = split(licence, "AND") {
        return parts.iter().all(|part| may_be_taken(part, allowed));
    }
    match licence.strip_prefix('(').and_then(|rest| rest.trim().strip_suffix(')')) {
        Some(inner) => may_be_taken(inner, allowed),
        None => allowed.contains(licence),
    }
}

#[test]
fn every_dependency_has_a_licence_that_the_project_takes() {
    let allowed = allowed();
    let refused: Vec<String> = packages()
        .iter()
        .filter(|package| !package["license"].as_str().is_some_and(|licence| may_be_taken(licence, &allowed)))
        .map(|package| format!("{}: {}", package["name"], package["license"]))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
    let few: BTreeSet<String> = ["MIT".to_owned()].into();
    assert!(may_be_taken("GPL-3.0 OR MIT", &few) && may_be_taken("Apache-2.0/MIT", &few));
    assert!(!may_be_taken("MIT AND GPL-3.0", &few) && !may_be_taken("(MIT OR X) AND Y", &few) && !may_be_taken("", &few));
}

#[test]
fn no_dependency_brings_another_tls_library() {
    let banned = ["openssl", "openssl-sys", "native-tls", "aws-lc-sys"];
    let found: Vec<String> = packages()
        .iter()
        .filter(|package| banned.contains(&package["name"].as_str().unwrap()))
        .map(|p| p["name"].to_string())
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn what_the_packages_take_is_there_or_made_by_the_extras() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let metadata = &manifest["package"]["metadata"];
    let mut sources: Vec<String> =
        metadata["deb"]["assets"].as_array().unwrap().iter().map(|asset| asset[0].as_str().unwrap().to_owned()).collect();
    let rpm = metadata["generate-rpm"]["assets"].as_array().unwrap();
    sources.extend(rpm.iter().map(|asset| asset["source"].as_str().unwrap().to_owned()));
    assert!(sources.len() > 10, "{sources:?}");
    for kind in ["man/*.1", "completions/lifeboat.bash", "completions/_lifeboat", "completions/lifeboat.fish"] {
        assert_eq!(sources.iter().filter(|source| source.ends_with(kind)).count(), 2, "{kind} is in both packages");
    }
    let made = tempfile::tempdir().unwrap();
    let extras = Command::new(root().join("packaging/extras"))
        .arg(env!("CARGO_BIN_EXE_lifeboat"))
        .arg(made.path())
        .current_dir(root())
        .output()
        .unwrap();
    assert!(extras.status.success(), "{}", String::from_utf8_lossy(&extras.stderr));
    for source in sources {
        let there = match source.strip_prefix("target/extras/") {
            Some("man/*.1") => std::fs::read_dir(made.path().join("man")).unwrap().count() > 10,
            Some(extra) => made.path().join(extra).exists(),
            None => source == "target/release/lifeboat" || root().join(&source).exists(),
        };
        assert!(there, "{source} is not there");
    }
    for (file, words) in [
        ("Containerfile", "cargo build --release --locked"),
        ("packaging/homebrew/lifeboat.rb.in", "\"cargo\", \"install\""),
        ("CHANGELOG.md", "## 0.1.0"),
    ] {
        assert!(read(file).contains(words), "{file}");
    }
    assert!(read("CHANGELOG.md").contains(&format!("## {}", manifest["package"]["version"].as_str().unwrap())));
}

#[test]
fn binstall_knows_where_the_files_are_or_the_page_says_why_not() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let package = &manifest["package"];
    let url = package["metadata"]["binstall"]["pkg-url"].as_str().unwrap();
    assert!(url.starts_with("{ repo }/"), "{url}");
    let said = read("docs/packages.md").replace('\n', " ").contains("`repository` in [Cargo.toml](../Cargo.toml) is not set");
    assert_eq!(package.get("repository").is_none(), said);
    // What the release makes is what binstall looks for.
    let release = read("packaging/release");
    for part in ["tar", "lifeboat"] {
        assert!(release.contains(part), "{part}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_program_is_one_file_that_needs_the_c_library_alone() {
    let output = Command::new("ldd").arg(env!("CARGO_BIN_EXE_lifeboat")).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let known = [
        "linux-vdso",
        "linux-gate",
        "ld-linux",
        "libc.so",
        "libm.so",
        "libgcc_s",
        "libdl.so",
        "libpthread.so",
        "librt.so",
        "ld-musl",
    ];
    let others: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !known.iter().any(|known| line.contains(known))).collect();
    assert!(others.is_empty() || text.contains("statically linked"), "{others:?}");
}
