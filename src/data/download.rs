//! Downloads a known data set: temporary file, resume, checksum, second mirror, rename.
//!
//! In: a [`Known`] set and a folder. Out: its four files there, gzipped as published, each checked before it
//! gets its name. What is found under a final name is therefore always whole.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use indicatif::{ProgressBar, ProgressStyle};

use super::idx;
use super::known::{Known, KnownFile};

/// Fetches what is missing of a data set into `folder`.
///
/// # Errors
/// The folder cannot be written, or no mirror had a file with the right contents. The errors of all
/// mirrors are told.
pub fn fetch_all(known: &Known, folder: &Path, show_progress: bool) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for file in &known.files {
        let done = folder.join(format!("{}.gz", file.name));
        if done.is_file() {
            continue;
        }
        let mut failures = Vec::new();
        let fetched = known.mirrors.iter().any(|mirror| {
            let url = format!("{mirror}/{}.gz", file.name);
            fetch(&url, file, &done, show_progress).map_err(|error| failures.push(format!("{url}: {error:#}"))).is_ok()
        });
        ensure!(fetched, "no mirror gave {}:\n  {}", file.name, failures.join("\n  "));
    }
    Ok(())
}

/// One file from one mirror. A part left by an earlier attempt is continued; if the whole then does not
/// have its checksum, the part is dropped and fetched once more from the start.
fn fetch(url: &str, file: &KnownFile, done: &Path, show_progress: bool) -> Result<()> {
    let part = done.with_extension("gz.part");
    let resumed = part.metadata().map_or(0, |meta| meta.len());
    // What breaks off is kept for the next attempt; only what turns out to be wrong is fetched anew.
    let continued = transfer(url, &part, resumed, show_progress)?;
    let checked = if continued { check(&part, file) } else { Err(anyhow!("the server cannot continue it")) };
    match checked {
        Err(_) if resumed > 0 => {
            transfer(url, &part, 0, show_progress)?;
            check(&part, file)?;
        }
        checked => checked?,
    }
    fs::rename(&part, done).with_context(|| format!("cannot rename {}", part.display()))
}

/// Appends what the server sends from byte `from` on; false when it has no such part of the file.
fn transfer(url: &str, part: &Path, from: u64, show_progress: bool) -> Result<bool> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(10)))
        .timeout_recv_response(Some(Duration::from_secs(20)))
        .timeout_recv_body(Some(Duration::from_secs(600)))
        .build()
        .into();
    let mut request = agent.get(url);
    if from > 0 {
        request = request.header("Range", format!("bytes={from}-"));
    }
    let response = match request.call() {
        Ok(response) => response,
        // Range not satisfiable: the part is longer than the file.
        Err(ureq::Error::StatusCode(416)) if from > 0 => return Ok(false),
        Err(error) => return Err(anyhow!("{error}")),
    };
    // A server that does not know ranges targets 200 with the whole file.
    let continues = response.status().as_u16() == 206;
    let mut out = if continues { OpenOptions::new().append(true).open(part) } else { File::create(part) }
        .with_context(|| format!("cannot write {}", part.display()))?;
    let start = if continues { from } else { 0 };
    let body = response.into_body();
    let bar = bar(url, body.content_length().map(|left| left + start), show_progress);
    bar.set_position(start);
    let mut reader = body.into_reader();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = reader.read(&mut buffer).context("the connection broke off")?;
        if count == 0 {
            break;
        }
        out.write_all(&buffer[..count]).with_context(|| format!("cannot write {}", part.display()))?;
        bar.inc(count as u64);
    }
    bar.finish_and_clear();
    out.sync_all().with_context(|| format!("cannot write {}", part.display()))?;
    Ok(true)
}

fn check(part: &Path, file: &KnownFile) -> Result<()> {
    let found = idx::read(part)?.sha256;
    if found != file.sha256 {
        fs::remove_file(part).with_context(|| format!("cannot delete {}", part.display()))?;
        return Err(anyhow!("its SHA-256 is {found}, expected {}", file.sha256));
    }
    Ok(())
}

fn bar(url: &str, length: Option<u64>, show: bool) -> ProgressBar {
    if !show {
        return ProgressBar::hidden();
    }
    let name = url.rsplit('/').next().unwrap_or(url).to_string();
    let style = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length.unwrap_or(0)).with_style(style).with_message(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use sha2::{Digest, Sha256};
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;

    /// A server on this machine that targets `targets` requests with `body`, knowing ranges.
    fn serve(body: Vec<u8>, targets: usize) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for _ in 0..targets {
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
        (encoder.finish().unwrap(), KnownFile { name: "labels", sha256 })
    }

    #[test]
    fn a_broken_download_is_continued_where_it_stopped() {
        let (body, file) = gzipped_labels();
        let dir = tempfile::tempdir().unwrap();
        let done = dir.path().join("labels.gz");
        fs::write(dir.path().join("labels.gz.part"), &body[..10]).unwrap();
        let url = serve(body.clone(), 1);
        fetch(&url, &file, &done, false).unwrap();
        assert_eq!(fs::read(&done).unwrap(), body);
    }

    #[test]
    fn a_part_that_does_not_fit_is_dropped_and_fetched_anew() {
        let (body, file) = gzipped_labels();
        let dir = tempfile::tempdir().unwrap();
        let done = dir.path().join("labels.gz");
        fs::write(dir.path().join("labels.gz.part"), b"not this file").unwrap();
        fetch(&serve(body.clone(), 2), &file, &done, false).unwrap();
        assert_eq!(fs::read(&done).unwrap(), body);
    }

    #[test]
    fn wrong_contents_never_get_the_final_name_and_the_second_mirror_is_asked() {
        let (body, file) = gzipped_labels();
        let wrong = idx::write(&[1], &[9]);
        let dir = tempfile::tempdir().unwrap();
        let first = serve(wrong.clone(), 1).leak();
        let second = serve(body.clone(), 4).leak();
        let known = Known { name: "x", files: [file; 4], mirrors: [first, second] };
        fetch_all(&known, dir.path(), false).unwrap();
        assert_eq!(fs::read(dir.path().join("labels.gz")).unwrap(), body);
        let lonely = Known {
            name: "x",
            files: [KnownFile { name: "other", ..file }; 4],
            mirrors: [serve(wrong, 1).leak(), "http://127.0.0.1:1"],
        };
        let error = fetch_all(&lonely, dir.path(), false).unwrap_err().to_string();
        assert!(error.contains("SHA-256") && error.contains("127.0.0.1:1"), "{error}");
        assert!(!dir.path().join("other.gz").exists());
    }
}
