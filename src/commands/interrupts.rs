//! Ctrl-C, a termination, a closed terminal and a scheduler's warning: what a command does when it is asked to stop.
//!
//! While networks are trained, the first signal stops the run after the step at hand. While a report is written, which can be made again from
//! the records at any time, it ends the process at once. A second signal always does.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

use super::Exit;
use crate::{files, terminal};

/// Set by the first signal; the second ends the process at once.
pub static STOP: AtomicBool = AtomicBool::new(false);
/// Whether the first signal ends the process at once, too.
static AT_ONCE: AtomicBool = AtomicBool::new(false);

/// From here on, the first signal sets the flag that is returned.
///
/// # Errors
/// The operating system refuses.
pub fn stop_after_the_step() -> Result<&'static AtomicBool> {
    AT_ONCE.store(false, Ordering::Relaxed);
    listen()?;
    Ok(&STOP)
}

/// From here on, a signal ends the process: what is not finished can be made again.
///
/// # Errors
/// The operating system refuses.
pub fn stop_at_once() -> Result<()> {
    AT_ONCE.store(true, Ordering::Relaxed);
    listen()
}

fn listen() -> Result<()> {
    static LISTENING: AtomicBool = AtomicBool::new(false);
    // A command that runs several experiments comes here several times.
    if LISTENING.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    let ignored = ignored::signals();
    ctrlc::set_handler(|| {
        let is_second = STOP.swap(true, Ordering::Relaxed);
        if is_second || AT_ONCE.load(Ordering::Relaxed) {
            files::remove_parts();
            std::process::exit(i32::from(Exit::Interrupted.code()));
        }
        terminal::tell(format_args!("\nstopping; what is finished is on disk (Ctrl-C again to stop at once)"));
    })
    .context("cannot listen for Ctrl-C")?;
    ignored::ignore(&ignored);
    warning::listen();
    Ok(())
}

/// Signals that whoever started the program told it to ignore, as `nohup` does with that of a closed terminal. They stay ignored.
#[cfg(unix)]
mod ignored {
    #![allow(unsafe_code)]

    use std::mem::MaybeUninit;
    use std::ptr::null_mut;

    /// Those that `ctrlc` listens for.
    const HEARD: [libc::c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

    pub fn signals() -> Vec<libc::c_int> {
        let is_ignored = |signal: &libc::c_int| {
            let mut found = MaybeUninit::<libc::sigaction>::zeroed();
            // SAFETY: with no new action, the call only writes the present one, all of whose bytes may be zero, to `found`.
            unsafe {
                libc::sigaction(*signal, std::ptr::null(), found.as_mut_ptr()) == 0
                    && found.assume_init().sa_sigaction == libc::SIG_IGN
            }
        };
        HEARD.into_iter().filter(is_ignored).collect()
    }

    pub fn ignore(signals: &[libc::c_int]) {
        for &signal in signals {
            let mut action = MaybeUninit::<libc::sigaction>::zeroed();
            // SAFETY: an action of zeros but for SIG_IGN has no handler, no flags and an empty mask; the old action is not asked for.
            unsafe {
                (*action.as_mut_ptr()).sa_sigaction = libc::SIG_IGN;
                libc::sigaction(signal, action.as_ptr(), null_mut());
            }
        }
    }
}

/// SIGUSR1, by which Slurm can warn a job of its end (`--signal=USR1@60`). It is heard as a termination is.
#[cfg(unix)]
mod warning {
    #![allow(unsafe_code)]

    use std::mem::MaybeUninit;
    use std::ptr::null_mut;

    extern "C" fn terminate(_: libc::c_int) {
        // SAFETY: `raise` may be called by a signal's handler.
        unsafe { libc::raise(libc::SIGTERM) };
    }

    pub fn listen() {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        let handler: extern "C" fn(libc::c_int) = terminate;
        // SAFETY: an action of zeros but for its handler has no flags but the one set here, and an empty mask; the old action is not asked for.
        unsafe {
            (*action.as_mut_ptr()).sa_sigaction = handler as libc::sighandler_t;
            (*action.as_mut_ptr()).sa_flags = libc::SA_RESTART;
            libc::sigaction(libc::SIGUSR1, action.as_ptr(), null_mut());
        }
    }
}

/// There is no such signal.
#[cfg(not(unix))]
mod warning {
    pub fn listen() {}
}

/// Signals that whoever started the program told it to ignore: none where there are no signals.
#[cfg(not(unix))]
mod ignored {
    pub fn signals() -> Vec<i32> {
        Vec::new()
    }

    pub fn ignore(_signals: &[i32]) {}
}
