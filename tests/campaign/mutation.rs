//! Random changes of a file: of its bytes, and where it is text, of its numbers and of the values of its JSON.

use kindling::seed::Stream;
use serde_json::Value;

/// Numbers and texts at the edges of what a reader expects.
const EXTREMES: &[&str] = &[
    "0",
    "-1",
    "1",
    "2",
    "255",
    "256",
    "65536",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "1e308",
    "1e400",
    "-1e400",
    "1e-320",
    "0.5",
    "nan",
    "inf",
    "-inf",
    "NaN",
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "\"../../etc/passwd\"",
    "\"\\u001b[2J\"",
    "\"=1+1\"",
    "[[[[[[[[]]]]]]]]",
    "4611686018427387904",
];

fn below(stream: &mut Stream, count: usize) -> usize {
    stream.below(count.max(1) as u32) as usize
}

fn extreme(stream: &mut Stream) -> &'static str {
    EXTREMES[below(stream, EXTREMES.len())]
}

/// How many changes are made: mostly one or two, since a file with many is refused for the first.
fn count(stream: &mut Stream) -> usize {
    let mut count = 1;
    while count < 8 && below(stream, 2) == 0 {
        count += 1;
    }
    count
}

/// A few changes of bytes.
pub fn bytes(valid: &[u8], stream: &mut Stream) -> Vec<u8> {
    let mut bytes = valid.to_vec();
    for _ in 0..count(stream) {
        change_bytes(&mut bytes, stream);
    }
    bytes
}

fn change_bytes(bytes: &mut Vec<u8>, stream: &mut Stream) {
    let length = bytes.len();
    if length == 0 {
        bytes.push(below(stream, 256) as u8);
        return;
    }
    // Headers are at the beginning: half of all changes are there.
    let place = if below(stream, 2) == 0 { below(stream, length.min(64)) } else { below(stream, length) };
    let end = (place + 1 + below(stream, 64)).min(length);
    match below(stream, 9) {
        0 => bytes[place] ^= 1 << below(stream, 8),
        1 => bytes[place] = below(stream, 256) as u8,
        2 => bytes[place..end].fill([0, 255, b'0', b'['][below(stream, 4)]),
        3 => bytes.truncate(place),
        4 => drop(bytes.drain(place..end)),
        5 => {
            let copy = bytes[place..end].to_vec();
            bytes.splice(place..place, copy.repeat(1 + below(stream, 40)));
        }
        6 => {
            let from = below(stream, length);
            let copy = bytes[from..(from + end - place).min(length)].to_vec();
            bytes.splice(place..end, copy);
        }
        7 if length >= 8 => {
            // A length or a count: all but the lowest bits, in either order of bytes.
            let place = place.min(length - 8);
            let number = (u64::MAX >> below(stream, 64)).wrapping_add(below(stream, 3) as u64);
            let wide = if below(stream, 2) == 0 { number.to_le_bytes() } else { number.to_be_bytes() };
            bytes[place..place + 8].copy_from_slice(&wide);
        }
        _ => bytes.extend(std::iter::repeat_n(below(stream, 256) as u8, 1 << below(stream, 16))),
    }
}

/// A few changes of a text's words and lines, or changes of its bytes.
pub fn text(valid: &[u8], stream: &mut Stream) -> Vec<u8> {
    if below(stream, 4) == 0 {
        return bytes(valid, stream);
    }
    let mut text = String::from_utf8_lossy(valid).into_owned();
    for _ in 0..count(stream) {
        text = changed_text(&text, stream);
    }
    text.into_bytes()
}

fn changed_text(text: &str, stream: &mut Stream) -> String {
    let mut lines: Vec<String> = text.lines().map(String::from).collect();
    if lines.is_empty() {
        return extreme(stream).into();
    }
    let (line, other) = (below(stream, lines.len()), below(stream, lines.len()));
    match below(stream, 6) {
        0 => drop(lines.remove(line)),
        1 => lines.insert(other, lines[line].clone()),
        2 => lines.swap(line, other),
        // A value is replaced, from its `=` or up to the next comma.
        3 => {
            if let Some((key, _)) = lines[line].split_once('=') {
                lines[line] = format!("{key}= {}", extreme(stream));
            }
        }
        4 => {
            let mut words: Vec<&str> = lines[line].split(',').collect();
            let word = below(stream, words.len());
            words[word] = extreme(stream);
            lines[line] = words.join(",");
        }
        _ => {
            let starts: Vec<usize> = number_starts(&lines[line]);
            if !starts.is_empty() {
                let start = starts[below(stream, starts.len())];
                let rest = &lines[line][start..];
                let end = start + rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
                lines[line].replace_range(start..end, extreme(stream));
            }
        }
    }
    lines.join("\n") + "\n"
}

fn number_starts(line: &str) -> Vec<usize> {
    let bytes = line.as_bytes();
    (0..bytes.len()).filter(|&i| bytes[i].is_ascii_digit() && (i == 0 || !bytes[i - 1].is_ascii_digit())).collect()
}

/// A few changes of the values in one line of JSON, or changes of the text.
pub fn json_lines(valid: &[u8], stream: &mut Stream) -> Vec<u8> {
    if below(stream, 4) == 0 {
        return text(valid, stream);
    }
    let mut lines: Vec<String> = String::from_utf8_lossy(valid).lines().map(String::from).collect();
    let line = below(stream, lines.len());
    let mut value: Value = serde_json::from_str(&lines[line]).unwrap();
    for _ in 0..count(stream) {
        change_value(&mut value, stream, 0);
    }
    lines[line] = value.to_string();
    (lines.join("\n") + "\n").into_bytes()
}

/// Goes down to a random value and replaces, removes or repeats it.
fn change_value(value: &mut Value, stream: &mut Stream, depth: usize) {
    let stays = depth > 0 && below(stream, 3) == 0;
    match value {
        Value::Array(list) if !list.is_empty() && !stays => {
            let index = below(stream, list.len());
            match below(stream, 5) {
                0 => drop(list.remove(index)),
                1 => {
                    let copies = 1 << below(stream, 12);
                    let copy = list[index].clone();
                    list.splice(index..index, std::iter::repeat_n(copy, copies));
                }
                _ => change_value(&mut list[index], stream, depth + 1),
            }
        }
        Value::Object(map) if !map.is_empty() && !stays => {
            let key = map.keys().nth(below(stream, map.len())).unwrap().clone();
            match below(stream, 8) {
                0 => drop(map.remove(&key)),
                1 => drop(map.insert(format!("{key}x"), Value::Null)),
                _ => change_value(&mut map[&key], stream, depth + 1),
            }
        }
        other => {
            *other = serde_json::from_str(extreme(stream)).unwrap_or_else(|_| Value::String(extreme(stream).into()))
        }
    }
}
