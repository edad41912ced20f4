//! `isotope fmt`: files in canonical style, or whether they are.

use super::args;
use super::environment::Environment;
use super::output::Output;
use super::{Exit, Outcome};
use crate::diag::{Diagnostic, Diagnostics, Reported, Sources};
use crate::render;
use crate::syntax;
use std::io::Read;
use std::path::{Path, PathBuf};

pub fn run(args: &args::Fmt, environment: &Environment, output: &mut Output) -> Outcome {
    if args.paths == [PathBuf::from("-")] {
        return stdin(args, output);
    }
    let here = vec![PathBuf::from(".")];
    let paths = if args.paths.is_empty() { &here } else { &args.paths };
    let mut files = Vec::new();
    for path in paths {
        gather(&environment.dir.join(path), path, args.recursive, true, &mut files)
            .map_err(|error| output.fail(unreadable(path, &error)))?;
    }
    let mut changed = false;
    let mut failed = None;
    for (file, shown) in files {
        match one(&file, &shown, args, output) {
            Ok(different) => changed |= different,
            Err(reported) => failed = Some(reported),
        }
    }
    match (failed, args.check && changed) {
        (Some(reported), _) => Err(reported),
        (None, true) => Ok(Exit::Unformatted),
        (None, false) => Ok(Exit::Done),
    }
}

fn stdin(args: &args::Fmt, output: &mut Output) -> Outcome {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|error| output.fail(unreadable(Path::new("<stdin>"), &error)))?;
    let text = checked(bytes, Path::new("<stdin>"), output)?;
    let formatted = syntax::format(&text);
    if !args.check {
        output.data(&printed(&formatted));
    }
    Ok(if args.check && formatted != text { Exit::Unformatted } else { Exit::Done })
}

/// What is printed of a text: as in Terraform it ends with a whole line, even if the text does not.
fn printed(formatted: &str) -> String {
    let end = if formatted.ends_with('\n') { "" } else { "\n" };
    format!("{formatted}{end}")
}

/// The files of a directory that are written in the language; a file that was named is always taken.
fn gather(
    path: &Path,
    shown: &Path,
    recursive: bool,
    top: bool,
    files: &mut Vec<(PathBuf, PathBuf)>,
) -> std::io::Result<()> {
    if !path.is_dir() {
        if top || shown.extension().is_some_and(|extension| extension == "hcl") {
            files.push((path.to_owned(), shown.to_owned()));
        }
        return Ok(());
    }
    let mut names: Vec<_> =
        std::fs::read_dir(path)?.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<_>>()?;
    names.sort();
    for name in names.into_iter().filter(|name| !name.to_string_lossy().starts_with('.')) {
        let inner = path.join(&name);
        let shown = if shown == Path::new(".") { PathBuf::from(&name) } else { shown.join(&name) };
        if !inner.is_dir() || recursive {
            gather(&inner, &shown, recursive, false, files)?;
        }
    }
    Ok(())
}

/// Formats one file. Gives whether it was different.
fn one(file: &Path, shown: &Path, args: &args::Fmt, output: &mut Output) -> Result<bool, Reported> {
    let bytes = std::fs::read(file).map_err(|error| output.fail(unreadable(shown, &error)))?;
    let text = checked(bytes, shown, output)?;
    let formatted = syntax::format(&text);
    if formatted == text {
        return Ok(false);
    }
    output.print(&shown.display().to_string());
    if args.diff {
        let name = shown.display().to_string();
        output.print(render::unified(&name, &text, &formatted).trim_end_matches('\n'));
    }
    if !args.check {
        write(file, &formatted).map_err(|error| {
            output.fail(
                Diagnostic::error("Failed to write file").detail(format!("{}: {error}.", shown.display())),
            )
        })?;
    }
    Ok(true)
}

/// Replaces a file's text as a whole, so that a crash leaves the old one or the new one; keeps its mode.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(dir)?;
    new.write_all(text.as_bytes())?;
    new.as_file().set_permissions(std::fs::metadata(file)?.permissions())?;
    new.persist(file)?;
    Ok(())
}

/// The text, if it parses: what does not is not touched.
fn checked(bytes: Vec<u8>, shown: &Path, output: &mut Output) -> Result<String, Reported> {
    let mut sources = Sources::new();
    let mut diags = Diagnostics::new();
    let file = syntax::decode(&mut sources, shown.to_owned(), bytes, &mut diags);
    if let Ok(file) = file {
        syntax::parse(&sources, file, &mut diags);
    }
    let checked = diags.check();
    output.show(&mut diags, &sources);
    checked?;
    Ok(sources.text(file?).to_string())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("Failed to read file").detail(format!("{}: {error}.", path.display()))
}

#[cfg(test)]
mod tests {
    use super::printed;

    #[test]
    fn what_is_printed_ends_with_a_line() {
        assert_eq!(printed("a = 1"), "a = 1\n");
        assert_eq!(printed("a = 1\n"), "a = 1\n");
        assert_eq!(printed(""), "\n");
    }
}
