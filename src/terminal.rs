//! Lines for the terminal: results on standard output, messages on standard error.
//!
//! A reader that left, a full disk or a closed terminal behind either ends no command, so that what it trains and saves is kept. Results that a
//! reader wanted and did not get show in the exit code.

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a line of the results could not be printed.
static LOST: AtomicBool = AtomicBool::new(false);

/// Prints a line of results on standard output.
pub fn print(line: fmt::Arguments<'_>) {
    if is_lost(&write(&mut io::stdout().lock(), line)) {
        LOST.store(true, Ordering::Relaxed);
    }
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
    fn a_full_disk_loses_results_and_a_reader_that_left_does_not() {
        assert!(is_lost(&write(&mut [0u8; 3].as_mut_slice(), format_args!("longer"))));
        assert!(!is_lost(&Err(io::ErrorKind::BrokenPipe.into())));
    }
}
