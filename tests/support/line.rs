//! A command line of a transcript → words, as a shell would split it, without expanding anything.

/// The commands of a pipe, in order; what stands behind `<<` is left out.
pub fn pipe(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in line.chars() {
        match (letter, quote) {
            (letter, Some(open)) if letter == open => quote = None,
            (letter, Some(_)) => word.get_or_insert_default().push(letter),
            ('\'' | '"', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (' ', None) => last(&mut commands).extend(word.take()),
            ('|', None) => {
                last(&mut commands).extend(word.take());
                commands.push(Vec::new());
            }
            (letter, None) => word.get_or_insert_default().push(letter),
        }
    }
    assert!(quote.is_none(), "a quote is not closed: {line}");
    last(&mut commands).extend(word);
    for command in &mut commands {
        command.retain(|word| !word.starts_with("<<"));
    }
    commands
}

fn last(commands: &mut [Vec<String>]) -> &mut Vec<String> {
    commands.last_mut().expect("there is always one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_pipes() {
        let cases: [(&str, &[&[&str]]); 4] = [
            ("isotope plan  -var 'a=b c'", &[&["isotope", "plan", "-var", "a=b c"]]),
            ("answer yes | isotope apply", &[&["answer", "yes"], &["isotope", "apply"]]),
            ("edit main.hcl 's/a|b/\"c\"/'", &[&["edit", "main.hcl", "s/a|b/\"c\"/"]]),
            ("write x <<EOF", &[&["write", "x"]]),
        ];
        for (line, expected) in cases {
            assert_eq!(pipe(line), expected, "{line}");
        }
    }
}
