//! Lists of whole numbers as schedulers write them: `0-3,7`.

/// The numbers, which rise, with a range for every two or more that follow each other.
pub fn written(numbers: &[usize]) -> String {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for &number in numbers {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => parts.push((number, number)),
        }
    }
    let text = |(first, last): (usize, usize)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    parts.into_iter().map(text).collect::<Vec<_>>().join(",")
}

/// The numbers of a text; `None` where it is another, or has more than `most` numbers.
pub fn read(text: &str, most: usize) -> Option<Vec<usize>> {
    let mut numbers = Vec::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        if last < first || last - first >= most {
            return None;
        }
        numbers.extend(first..=last);
        if numbers.len() > most {
            return None;
        }
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for (numbers, text) in
            [(vec![], ""), (vec![4], "4"), (vec![0, 1, 2, 3, 7], "0-3,7"), (vec![1, 3, 4, 9], "1,3-4,9")]
        {
            assert_eq!(written(&numbers), text);
            assert_eq!(read(text, 100), Some(numbers));
        }
        for wrong in ["a", "3-1", "0-1000000000000", "1-", "0-50,60-120"] {
            assert_eq!(read(wrong, 100), None, "{wrong}");
        }
    }
}
