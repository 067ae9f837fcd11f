//! Lines for the terminal: results on standard output, messages on standard error.
//!
//! A reader that left, a full disk or a closed terminal behind either ends no command, so that what it trains and saves is kept. Results that a
//! reader wanted and did not get show in the exit code.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a line of the results could not be printed.
static LOST: AtomicBool = AtomicBool::new(false);

/// Prints a line of results on standard output.
pub fn print(line: fmt::Arguments<'_>) {
    if is_lost(&write(&mut io::stdout().lock(), line)) {
        LOST.store(true, Ordering::Relaxed);
    }
}

/// A sentence of the results with one word of it in front, which says what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Found to be so: green.
    Good,
    /// Found to be otherwise: red.
    Bad,
    /// Left open: yellow.
    Open,
}

/// Prints a sentence of the results: on a terminal wrapped at words, and its beginning, `word`, in the colour of `mood`; elsewhere as it is. The
/// environment variable `NO_COLOR` takes the colour away.
pub fn print_sentence(word: &str, rest: &str, mood: Mood) {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return print(format_args!("{word}{rest}"));
    }
    /// The columns of a terminal that does not say how many it has.
    const USUAL: usize = 80;
    let columns = terminal_size::terminal_size().map_or(USUAL, |(width, _)| usize::from(width.0));
    let lines = wrapped(&shown(&format!("{word}{rest}")), columns.max(20));
    let is_wanted = std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    let has_colour = is_wanted && !word.is_empty();
    let code = match mood {
        Mood::Good => "32",
        Mood::Bad => "31",
        Mood::Open => "33",
    };
    let text = lines.join("\n");
    let text = match text.strip_prefix(&shown(word)) {
        Some(after) if has_colour => format!("\u{1b}[{code}m{}\u{1b}[0m{after}", shown(word)),
        _ => text,
    };
    if is_lost(&writeln!(stdout.lock(), "{text}")) {
        LOST.store(true, Ordering::Relaxed);
    }
}

/// Lines of at most `width` characters, broken at words; those after the first are moved in by two.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.trim().is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, format!("  {word}")));
        } else if line.is_empty() && lines.is_empty() {
            line.push_str(word);
        } else {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.push(line);
    lines
}

/// Prints a message on standard error. One that cannot be printed reaches no one, and nothing is left to be done about it.
pub fn tell(line: fmt::Arguments<'_>) {
    let _ = write(&mut io::stderr().lock(), line);
}

/// Whether all results were printed, those included that standard output still held back.
pub fn is_whole() -> bool {
    !is_lost(&io::stdout().flush()) && !LOST.load(Ordering::Relaxed)
}

/// Whether a line is missing that someone reads: `kindling list | head` has read enough when it closes the pipe.
fn is_lost(written: &io::Result<()>) -> bool {
    written.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::BrokenPipe)
}

fn write(stream: &mut dyn Write, line: fmt::Arguments<'_>) -> io::Result<()> {
    writeln!(stream, "{}", shown(&line.to_string()))
}

/// Text without control characters, which in a name of a file, an arm or a data set could move the cursor or change the terminal's title. Ends
/// of lines and tabs stay.
fn shown(text: &str) -> String {
    let replaced = |c: char| if c.is_control() && c != '\n' && c != '\t' { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().map(replaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_in_a_name_do_not_reach_the_terminal() {
        let mut bytes = Vec::new();
        write(&mut bytes, format_args!("arm \u{1b}]0;title\u{7}\r`é`\n\tlr")).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), "arm \u{fffd}]0;title\u{fffd}\u{fffd}`é`\n\tlr\n");
    }

    #[test]
    fn sentences_are_wrapped_at_words_and_moved_in() {
        let text = "CONFIRMED: Adam consistently outperforms plain SGD (adam - sgd)";
        assert_eq!(wrapped(text, 30), ["CONFIRMED: Adam consistently", "  outperforms plain SGD (adam", "  - sgd)"]);
        assert!(wrapped(text, 30).iter().all(|line| line.chars().count() <= 30));
        assert_eq!(wrapped(text, 200), [text]);
        assert_eq!(wrapped("averyveryverylongword b", 5), ["averyveryverylongword", "  b"]);
    }

    #[test]
    fn a_full_disk_loses_results_and_a_reader_that_left_does_not() {
        assert!(is_lost(&write(&mut [0u8; 3].as_mut_slice(), format_args!("longer"))));
        assert!(!is_lost(&Err(io::ErrorKind::BrokenPipe.into())));
    }
}
