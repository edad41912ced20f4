//! Plays a whole page in a sandbox and returns it as it should read.

use super::sandbox::Sandbox;
use super::transcript::{Piece, parse, print};

/// Runs every command and checks every configuration of a page, in order. Where what is printed fits what the page
/// says, the page stays as it is, `…` included.
pub fn play(text: &str, sandbox: &mut Sandbox) -> String {
    let mut pieces = parse(text);
    for piece in &mut pieces {
        match piece {
            Piece::Text(_) => {}
            Piece::Code { info, lines } => code(info, lines, sandbox),
            Piece::Console(commands) => {
                for command in commands {
                    let shown = sandbox.run(command);
                    if !command.shown.fits(&shown) {
                        command.shown = shown;
                    }
                }
            }
        }
    }
    print(&pieces)
}

/// ```` ```hcl file=NAME ```` is a file of the page's directory; plain ```` ```hcl ```` must be valid by itself.
fn code(info: &str, lines: &[String], sandbox: &mut Sandbox) {
    let text = lines.join("\n") + "\n";
    if let Some(file) = info.split_whitespace().find_map(|word| word.strip_prefix("file=")) {
        sandbox.write(file, &text);
        return;
    }
    let mut alone = Sandbox::new();
    alone.write("main.hcl", &text);
    let shown = alone.line("isotope validate");
    assert!(shown.status == 0, "this example is not valid:\n{text}\n{}", shown.lines.join("\n"));
    assert_eq!(alone.line("isotope fmt -check").status, 0, "this example is not formatted:\n{text}");
}
