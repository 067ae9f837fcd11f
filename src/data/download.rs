//! The download of a published data set: temporary file, resume, checksum, second mirror, rename.
//!
//! In: a [`KnownDataset`] and a folder. Out: its four files in the folder, gzipped as published. Each gets its final
//! name only after its checksum was verified, so a file with a final name is always complete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use indicatif::{ProgressBar, ProgressStyle};

use super::idx;
use super::known::{KnownDataset, KnownFile};

/// Downloads the files of published data sets.
pub struct Downloader {
    /// Whether each file has a progress bar on stderr.
    pub show_progress: bool,
}

impl Downloader {
    /// Downloads the files of a data set that are not yet in `folder`.
    ///
    /// # Errors
    /// The folder cannot be written, or no mirror has a file with the right contents; the error lists what went wrong
    /// with each mirror.
    pub fn fetch_missing(&self, known: &KnownDataset, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("cannot create the folder {}", folder.display()))?;
        for file in &known.files {
            let target = folder.join(format!("{}.gz", file.name));
            if target.is_file() {
                continue;
            }
            let mut failures = Vec::new();
            let fetched = known.mirrors.iter().any(|mirror| {
                let url = format!("{mirror}/{}.gz", file.name);
                self.fetch(&url, file, &target).map_err(|error| failures.push(format!("{url}: {error:#}"))).is_ok()
            });
            ensure!(fetched, "{} could not be downloaded from any mirror:\n  {}", file.name, failures.join("\n  "));
        }
        Ok(())
    }

    /// Downloads one file from one mirror. A partial file of an earlier attempt is continued; if the result does not
    /// have the checksum, the file is downloaded once more from its start.
    fn fetch(&self, url: &str, file: &KnownFile, target: &Path) -> Result<()> {
        let partial = target.with_extension("gz.part");
        let resumed_from = partial.metadata().map_or(0, |meta| meta.len());
        // An interrupted transfer is kept for the next attempt; only wrong contents are downloaded anew.
        let checked = match self.transfer(url, file, &partial, resumed_from)? {
            Transfer::Complete => check(&partial, file),
            Transfer::RangeRefused => Err(anyhow!("the server cannot continue it")),
        };
        match checked {
            Err(_) if resumed_from > 0 => {
                self.transfer(url, file, &partial, 0)?;
                check(&partial, file)?;
            }
            checked => checked?,
        }
        fs::rename(&partial, target)
            .with_context(|| format!("cannot rename {} to {}", partial.display(), target.display()))
    }

    /// Appends the file's bytes from byte `from` on to `partial`, or writes it anew where the server sends all of it.
    fn transfer(&self, url: &str, file: &KnownFile, partial: &Path, from: u64) -> Result<Transfer> {
        let response = match request(url, from).call() {
            Ok(response) => response,
            // Range not satisfiable: the partial file is longer than the file.
            Err(ureq::Error::StatusCode(416)) if from > 0 => return Ok(Transfer::RangeRefused),
            Err(error) => return Err(anyhow!("{error}")),
        };
        let cannot_write = || format!("cannot write {}", partial.display());
        // A server that does not support ranges answers 200 and sends the whole file.
        let continues = response.status().as_u16() == 206;
        ensure!(!continues || from > 0, "the server sends a part of the file (206), and all of it was asked for");
        let mut out = if continues { OpenOptions::new().append(true).open(partial) } else { File::create(partial) }
            .with_context(cannot_write)?;
        let mut length = if continues { from } else { 0 };
        let body = response.into_body();
        let bar = self.bar(url, body.content_length().map(|remaining| remaining + length));
        bar.set_position(length);
        for chunk in Chunks::of(body.into_reader()) {
            let chunk = chunk.context("the connection was interrupted; run the command again to continue")?;
            length += chunk.len() as u64;
            ensure!(
                length <= file.bytes + GZIP,
                "the server sends more than the {} bytes that the file has without compression",
                file.bytes
            );
            out.write_all(&chunk).with_context(cannot_write)?;
            bar.inc(chunk.len() as u64);
        }
        bar.finish_and_clear();
        out.sync_all().with_context(cannot_write)?;
        Ok(Transfer::Complete)
    }

    /// The progress bar of a file of `length` bytes; `length` is `None` if the server does not send it.
    fn bar(&self, url: &str, length: Option<u64>) -> ProgressBar {
        if !self.show_progress {
            return ProgressBar::hidden();
        }
        let name = url.rsplit('/').next().unwrap_or(url).to_string();
        let style = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(length.unwrap_or(0)).with_style(style).with_message(name)
    }
}

/// The outcome of a transfer without an error.
enum Transfer {
    /// The server sent everything to the end of the file.
    Complete,
    /// The server has no bytes from the requested position on.
    RangeRefused,
}

/// The request for a file from byte `from` on.
fn request(url: &str, from: u64) -> ureq::RequestBuilder<ureq::typestate::WithoutBody> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(10)))
        .timeout_recv_response(Some(Duration::from_secs(20)))
        .timeout_recv_body(Some(Duration::from_secs(600)))
        .build()
        .into();
    let request = agent.get(url);
    if from > 0 { request.header("Range", format!("bytes={from}-")) } else { request }
}

/// Bytes that gzip adds to a file that it cannot make smaller, with room to spare.
const GZIP: u64 = 1 << 16;
/// A connection that brings fewer bytes than this in [`PATIENCE`] is given up: 3 KB a second.
const TOO_SLOW: usize = 60_000;
/// How long a connection may be slow.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 2 } else { 20 });

/// The bytes of a response as they come. Ends with an error where the connection breaks, and where it is too slow.
struct Chunks {
    receive: mpsc::Receiver<io::Result<Vec<u8>>>,
    /// When the bytes began to be counted.
    since: Instant,
    bytes: usize,
    ended: bool,
}

impl Chunks {
    fn of(mut body: impl Read + Send + 'static) -> Self {
        let (send, receive) = mpsc::sync_channel(16);
        // A thread of its own reads, which a server that sends nothing keeps waiting; it ends with the connection or the program.
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            loop {
                let read = body.read(&mut buffer).map(|count| buffer[..count].to_vec());
                let is_last = read.as_ref().map_or(true, Vec::is_empty);
                if send.send(read).is_err() || is_last {
                    return;
                }
            }
        });
        Self { receive, since: Instant::now(), bytes: 0, ended: false }
    }
}

impl Iterator for Chunks {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let Ok(read) = self.receive.recv_timeout(PATIENCE.saturating_sub(self.since.elapsed())) else {
            self.ended = true;
            let what = format!("{} bytes came in {} seconds", self.bytes, PATIENCE.as_secs());
            return Some(Err(io::Error::new(io::ErrorKind::TimedOut, what)));
        };
        let count = read.as_ref().map_or(0, Vec::len);
        self.ended = count == 0;
        self.bytes += count;
        if self.bytes >= TOO_SLOW {
            (self.since, self.bytes) = (Instant::now(), 0);
        }
        let is_end = self.ended && read.is_ok();
        (!is_end).then_some(read)
    }
}

/// Verifies the checksum of a downloaded file, and deletes the file if it is wrong.
fn check(partial: &Path, file: &KnownFile) -> Result<()> {
    let sha256 = idx::read(partial)?.sha256;
    if sha256 != file.sha256 {
        fs::remove_file(partial).with_context(|| format!("cannot delete {}", partial.display()))?;
        return Err(anyhow!("its SHA-256 is {sha256}, expected {}", file.sha256));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use sha2::{Digest, Sha256};
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;

    const QUIET: Downloader = Downloader { show_progress: false };

    /// A server on this machine that answers `requests` requests with `body`, and supports ranges.
    fn serve(body: Vec<u8>, requests: usize) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for _ in 0..requests {
                let Ok((mut stream, _)) = listener.accept() else { return };
                let mut from = 0;
                for line in BufReader::new(stream.try_clone().unwrap()).lines() {
                    let line = line.unwrap().to_lowercase();
                    if let Some(range) = line.strip_prefix("range: bytes=") {
                        from = range.trim_end_matches('-').parse().unwrap();
                    }
                    if line.is_empty() {
                        break;
                    }
                }
                let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
                let rest = &body[from..];
                write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", rest.len())
                    .unwrap();
                stream.write_all(rest).unwrap();
            }
        });
        format!("http://{address}")
    }

    fn gzipped_labels() -> (Vec<u8>, KnownFile) {
        let raw = idx::write(&[3], &[1, 2, 3]);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&raw).unwrap();
        let sha256 = crate::hash::hex(&Sha256::digest(&raw)).leak();
        (encoder.finish().unwrap(), KnownFile { name: "labels", sha256, bytes: 11 })
    }

    #[test]
    fn an_interrupted_download_is_continued_where_it_stopped() {
        let (body, file) = gzipped_labels();
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("labels.gz");
        fs::write(dir.path().join("labels.gz.part"), &body[..10]).unwrap();
        let url = serve(body.clone(), 1);
        QUIET.fetch(&url, &file, &target).unwrap();
        assert_eq!(fs::read(&target).unwrap(), body);
    }

    #[test]
    fn a_partial_file_with_wrong_contents_is_downloaded_anew() {
        let (body, file) = gzipped_labels();
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("labels.gz");
        fs::write(dir.path().join("labels.gz.part"), b"not this file").unwrap();
        QUIET.fetch(&serve(body.clone(), 2), &file, &target).unwrap();
        assert_eq!(fs::read(&target).unwrap(), body);
    }

    /// A server that sends `start`, and then the same byte again and again with a pause before each.
    fn serve_without_end(start: &'static str, pause: Duration) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(start.as_bytes());
                let bytes = if pause.is_zero() { vec![0; 1 << 16] } else { vec![0] };
                while stream.write_all(&bytes).is_ok() {
                    std::thread::sleep(pause);
                }
            }
        });
        format!("http://{address}")
    }

    fn refused(url: &str) -> (String, u64) {
        let (_, file) = gzipped_labels();
        let dir = tempfile::tempdir().unwrap();
        let error = QUIET.fetch(url, &file, &dir.path().join("labels.gz")).unwrap_err();
        let written = dir.path().join("labels.gz.part").metadata().map_or(0, |meta| meta.len());
        (format!("{error:#}"), written)
    }

    #[test]
    fn a_body_without_end_is_left_after_as_many_bytes_as_the_file_can_have() {
        let (error, written) = refused(&serve_without_end("HTTP/1.1 200 OK\r\n\r\n", Duration::ZERO));
        assert!(error.contains("more than the 11 bytes") && written <= GZIP + 11, "{error}, {written} bytes");
    }

    #[test]
    fn a_server_that_drips_is_given_up() {
        let (error, _) = refused(&serve_without_end("HTTP/1.1 200 OK\r\n\r\n", Duration::from_millis(50)));
        assert!(error.contains("interrupted") && error.contains("in 2 seconds"), "{error}");
    }

    #[test]
    fn a_part_that_nobody_asked_for_is_refused() {
        let answer = "HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n\r\n";
        let (error, written) = refused(&serve_without_end(answer, Duration::ZERO));
        assert!(error.contains("206") && written == 0, "{error}");
    }

    #[test]
    fn wrong_contents_never_get_the_final_name_and_the_second_mirror_is_tried() {
        let (body, file) = gzipped_labels();
        let wrong = idx::write(&[1], &[9]);
        let dir = tempfile::tempdir().unwrap();
        let first = serve(wrong.clone(), 1).leak();
        let second = serve(body.clone(), 4).leak();
        let known = KnownDataset { name: "x", files: [file; 4], mirrors: [first, second] };
        QUIET.fetch_missing(&known, dir.path()).unwrap();
        assert_eq!(fs::read(dir.path().join("labels.gz")).unwrap(), body);
        let without_second = KnownDataset {
            name: "x",
            files: [KnownFile { name: "other", ..file }; 4],
            mirrors: [serve(wrong, 1).leak(), "http://127.0.0.1:1"],
        };
        let error = QUIET.fetch_missing(&without_second, dir.path()).unwrap_err().to_string();
        assert!(error.contains("SHA-256") && error.contains("127.0.0.1:1"), "{error}");
        assert!(!dir.path().join("other.gz").exists());
    }
}
