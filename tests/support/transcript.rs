//! A Markdown page → pieces, and back. Only fenced blocks matter: ```` ```console ```` holds commands with what they
//! print, ```` ```hcl ```` configuration; all other lines are kept as they are.
//!
//! In a console block a line `$ …` is a command (with `<<EOF`, the lines up to `EOF` are its input), the lines below it
//! are its output, and `exit N` as the last of them the status if it is not 0. A line `…` stands for any lines, `…` in a line for any text.

/// One part of a page, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Lines outside fences, or of a fence that is not run.
    Text(Vec<String>),
    /// `hcl` and what stands behind it on the fence: `file=main.hcl`.
    Code {
        info: String,
        lines: Vec<String>,
    },
    Console(Vec<Command>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// Without the `$`.
    pub line: String,
    pub input: Option<Vec<String>>,
    pub shown: Shown,
}

/// What a command prints, stdout before stderr, and its exit status.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    pub lines: Vec<String>,
    pub status: i32,
}

impl Shown {
    pub fn new(text: &str, status: i32) -> Self {
        let mut lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        let blank = lines.iter().take_while(|line| line.is_empty()).count();
        lines.drain(..blank);
        Self { lines, status }
    }

    /// Whether `actual` is what this page says, `…` standing for any lines.
    pub fn fits(&self, actual: &Self) -> bool {
        self.status == actual.status && lines_fit(&self.lines, &actual.lines)
    }
}

fn lines_fit(expected: &[String], actual: &[String]) -> bool {
    match expected.split_first() {
        None => actual.is_empty(),
        Some((first, rest)) if first.trim() == "…" => {
            (0..=actual.len()).any(|skipped| lines_fit(rest, &actual[skipped..]))
        }
        Some((first, rest)) => actual
            .split_first()
            .is_some_and(|(line, others)| line_fits(first, line) && lines_fit(rest, others)),
    }
}

/// Inside a line, `…` stands for any text.
fn line_fits(expected: &str, actual: &str) -> bool {
    match expected.split_once('…') {
        None => expected == actual,
        Some((start, rest)) => actual.strip_prefix(start).is_some_and(|tail| {
            tail.char_indices().map(|(at, _)| at).chain([tail.len()]).any(|at| line_fits(rest, &tail[at..]))
        }),
    }
}

pub fn parse(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut plain = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let info = line.strip_prefix("```").unwrap_or_default();
        let word = info.split_whitespace().next().unwrap_or_default();
        plain.push(line.to_owned());
        if !line.starts_with("```") {
            continue;
        }
        let mut nested = false;
        let inside = lines.by_ref().take_while(|line| is_inside(line, &mut nested)).map(str::to_owned);
        let inside: Vec<String> = inside.collect();
        if word != "console" && word != "hcl" {
            plain.extend(inside);
            plain.push("```".to_owned());
            continue;
        }
        plain.pop();
        pieces.push(Piece::Text(std::mem::take(&mut plain)));
        pieces.push(match word {
            "console" => Piece::Console(commands(&inside)),
            _ => Piece::Code { info: info.to_owned(), lines: inside },
        });
    }
    pieces.push(Piece::Text(plain));
    pieces
}

/// Whether a line still belongs to the block. What is printed may have fences of its own, opened with a word: ```` ```diff ````.
fn is_inside(line: &str, nested: &mut bool) -> bool {
    let Some(info) = line.strip_prefix("```") else { return true };
    let opens = !info.trim().is_empty();
    let ends = !*nested && !opens;
    *nested = opens;
    !ends
}

fn commands(lines: &[String]) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    let mut lines = lines.iter();
    while let Some(line) = lines.next() {
        if let Some(line) = line.strip_prefix("$ ") {
            let input = line
                .split_once(" <<")
                .map(|(_, end)| lines.by_ref().take_while(|line| line.as_str() != end).cloned().collect());
            commands.push(Command { line: line.to_owned(), input, shown: Shown::default() });
        } else if let Some(command) = commands.last_mut() {
            command.shown.lines.push(line.clone());
        } else {
            assert!(line.is_empty(), "a console block begins with a command, not with `{line}`");
        }
    }
    for command in &mut commands {
        command.shown = shown(&command.shown.lines);
    }
    commands
}

/// Splits off `exit N`, and the blank lines before the next command.
fn shown(lines: &[String]) -> Shown {
    let found = Shown::new(&lines.join("\n"), 0);
    let status = found.lines.last().and_then(|line| line.strip_prefix("exit ")).and_then(|n| n.parse().ok());
    match status {
        Some(status) => Shown::new(&found.lines[..found.lines.len() - 1].join("\n"), status),
        None => found,
    }
}

pub fn print(pieces: &[Piece]) -> String {
    let mut lines = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => lines.extend(text.iter().cloned()),
            Piece::Code { info, lines: code } => {
                lines.push(format!("```{info}"));
                lines.extend(code.iter().cloned());
                lines.push("```".to_owned());
            }
            Piece::Console(commands) => {
                lines.push("```console".to_owned());
                print_commands(commands, &mut lines);
                lines.push("```".to_owned());
            }
        }
    }
    lines.join("\n") + "\n"
}

fn print_commands(commands: &[Command], lines: &mut Vec<String>) {
    let mut gap = false;
    for command in commands {
        if gap {
            lines.push(String::new());
        }
        lines.push(format!("$ {}", command.line));
        if let Some(input) = &command.input {
            lines.extend(input.iter().cloned());
            lines.push(command.line.split_once(" <<").map_or("", |(_, end)| end).to_owned());
        }
        lines.extend(command.shown.lines.iter().cloned());
        if command.shown.status != 0 {
            lines.push(format!("exit {}", command.shown.status));
        }
        gap = !command.shown.lines.is_empty() || command.shown.status != 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "What it shows.\n\n```console\n$ cat > a.hcl <<EOF\nx\n\ny\nEOF\n$ isotope plan\nNo changes.\n\n\
                        $ isotope fmt\nexit 3\n```\n\n```text\n$ not run\n```\n\n```hcl file=main.hcl\na {}\n```\nend\n";

    #[test]
    fn a_page_survives_the_round_trip() {
        assert_eq!(print(&parse(PAGE)), PAGE);
    }

    #[test]
    fn commands_have_input_output_and_status() {
        let Piece::Console(commands) = &parse(PAGE)[1] else { panic!("no console block") };
        assert_eq!(commands.len(), 3);
        assert_eq!(commands[0].input.as_deref(), Some(&["x", "", "y"].map(str::to_owned)[..]));
        assert_eq!(commands[1].shown, Shown::new("No changes.", 0));
        assert_eq!(commands[2].shown, Shown::new("", 3));
    }

    #[test]
    fn what_is_printed_may_have_fences() {
        let page = "A page.\n\n```console\n$ cat plan.md\n```diff\n+ a\n```\nend\n```\nafter\n";
        let Piece::Console(commands) = &parse(page)[1] else { panic!("no console block") };
        assert_eq!(commands[0].shown, Shown::new("```diff\n+ a\n```\nend", 0));
        assert_eq!(print(&parse(page)), page);
    }

    #[test]
    fn dots_stand_for_any_lines() {
        for (expected, actual, fits) in [
            ("a\n…\nd", "a\nb\nc\nd", true),
            ("a\n…\nd", "a\nd", true),
            ("…", "", true),
            ("a\n…\nd", "a\nb", false),
            ("a", "a\nb", false),
            ("id = …, ü", "id = 7, ü", true),
            ("id = …, ü", "id = 7", false),
        ] {
            assert_eq!(Shown::new(expected, 0).fits(&Shown::new(actual, 0)), fits, "{expected:?} {actual:?}");
        }
        assert!(!Shown::new("…", 0).fits(&Shown::new("a", 1)));
    }
}
