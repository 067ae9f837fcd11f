//! The valid name nearest to a misspelt one.

/// The name nearest to `word` by Damerau-Levenshtein distance, ignoring case; `None` where even the nearest differs in more than a
/// third of the word's letters (and in more than two).
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |name: &&str| strsim::damerau_levenshtein(&word.to_lowercase(), &name.to_lowercase());
    let best = names.into_iter().min_by_key(distance)?;
    (distance(&best) <= (word.len() / 3).max(2)).then_some(best)
}

/// `; did you mean ...?` with the nearest name, or an empty text.
pub fn suggestion<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, names).map_or(String::new(), |name| format!("; did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_mistake_is_answered_with_the_nearest_name_and_nonsense_with_none() {
        let names = ["epochs", "eps", "batch_size"];
        assert_eq!(nearest("epoch", names), Some("epochs"));
        assert_eq!(suggestion("Batchsize", names), "; did you mean `batch_size`?");
        assert_eq!(suggestion("frobnicate", names), "");
    }
}
