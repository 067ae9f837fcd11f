//! A shard: one of the parts of a plan that are trained apart, each by a process of its own.

use std::fmt;
use std::str::FromStr;

/// One of so many parts of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 1 to `count`.
    number: usize,
    count: usize,
}

/// The most shards: each has a file in one folder, and every reader opens them all.
pub const MAX_SHARDS: usize = 10_000;

/// What numbers its jobs from 0: an environment variable, and whose it is.
const NUMBERED_BY: [(&str, &str); 3] =
    [("SLURM_ARRAY_TASK_ID", "Slurm"), ("JOB_COMPLETION_INDEX", "Kubernetes"), ("HQ_TASK_ID", "HyperQueue")];

impl Shard {
    /// Part `number`, counted from 1, of `count`.
    ///
    /// # Errors
    /// There is no such part.
    pub fn new(number: usize, count: usize) -> Result<Self, String> {
        if !(1..=MAX_SHARDS).contains(&count) {
            return Err(format!("there can be 1 to {MAX_SHARDS} shards"));
        }
        if !(1..=count).contains(&number) {
            return Err(format!("of {count} shards there are 1/{count} to {count}/{count}"));
        }
        Ok(Self { number, count })
    }

    /// The shard that a flag asks for: `3/16`, or `auto/16`, where the number is that of the job, from the environment. Returns the
    /// environment variable, too, that it is taken from.
    ///
    /// # Errors
    /// The text is neither, there is no such shard, or no variable gives a number.
    pub fn from_flag(
        text: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<(Self, Option<&'static str>), String> {
        let Some(count) = text.strip_prefix("auto/") else { return Ok((text.parse()?, None)) };
        let count: usize = count.parse().map_err(|_| unreadable(text))?;
        let set: Vec<(&'static str, &'static str, String)> =
            NUMBERED_BY.iter().filter_map(|(name, whose)| Some((*name, *whose, variable(name)?))).collect();
        if let [(name, _, one), (other_name, _, other), ..] = set.as_slice()
            && one != other
        {
            return Err(format!(
                "`{text}`: there are {name}={one} and {other_name}={other}; write the one that is meant: --shard \"$(({other_name} + 1))/{count}\""
            ));
        }
        let Some((name, whose, value)) = set.into_iter().next() else {
            let names: Vec<&str> = NUMBERED_BY.iter().map(|(name, _)| *name).collect();
            return Err(format!(
                "`{text}`: none of {} is set, which number a job; write the number, as in 3/16",
                names.join(", ")
            ));
        };
        let last = count.saturating_sub(1);
        let wrong = || {
            format!(
                "`{text}`: {whose} has {name}={value}; expected 0 to {last}: number {count} jobs from 0, or give --shard N/{count}"
            )
        };
        let index: usize = value.trim().parse().map_err(|_| wrong())?;
        Ok((Self::new(index.saturating_add(1), count).map_err(|_| wrong())?, Some(name)))
    }

    /// Its place among the shards, from 0.
    pub fn index(self) -> usize {
        self.number - 1
    }

    /// How many shards there are.
    pub fn count(self) -> usize {
        self.count
    }

    /// What its files are named after: `shard-3-of-16`.
    pub fn file_stem(self) -> String {
        format!("shard-{}-of-{}", self.number, self.count)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, count) = text.split_once('/').ok_or_else(|| unreadable(text))?;
        let read = |part: &str| part.parse::<usize>().map_err(|_| unreadable(text));
        Self::new(read(number)?, read(count)?).map_err(|why| format!("`{text}`: {why}"))
    }
}

fn unreadable(text: &str) -> String {
    format!("`{text}` is not a shard; expected its number and how many there are, such as 3/16, or auto/16")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_written_as_its_number_of_how_many_and_others_are_refused() {
        let shard: Shard = "3/16".parse().unwrap();
        assert_eq!((shard.index(), shard.count(), shard.file_stem().as_str()), (2, 16, "shard-3-of-16"));
        assert_eq!(shard.to_string(), "3/16");
        for wrong in ["17/16", "0/16", "1/0", "1/10001", "3", "a/16", "3/", "-1/4", "auto/x"] {
            assert!(Shard::from_flag(wrong, |_| Some("0".into())).is_err(), "{wrong}");
        }
        assert!("17/16".parse::<Shard>().unwrap_err().contains("1/16 to 16/16"));
    }

    #[test]
    fn the_number_of_a_job_is_taken_from_who_numbers_it_counted_from_0() {
        let with = |name: &'static str, value: &'static str| {
            Shard::from_flag("auto/16", move |asked| (asked == name).then(|| value.to_string()))
        };
        for (name, _) in NUMBERED_BY {
            assert_eq!(with(name, "2"), Ok((Shard { number: 3, count: 16 }, Some(name))));
        }
        assert!(with("HQ_TASK_ID", "16").unwrap_err().contains("expected 0 to 15"));
        assert!(with("HQ_TASK_ID", "x").unwrap_err().contains("HyperQueue has HQ_TASK_ID=x"));
        let both = Shard::from_flag("auto/2", |name| match name {
            "SLURM_ARRAY_TASK_ID" => Some("0".into()),
            "HQ_TASK_ID" => Some("1".into()),
            _ => None,
        });
        assert!(both.unwrap_err().contains("SLURM_ARRAY_TASK_ID=0 and HQ_TASK_ID=1"));
        assert!(with("OTHER", "2").unwrap_err().contains("SLURM_ARRAY_TASK_ID"));
        // A number that is typed is meant, whatever the environment says.
        assert_eq!(Shard::from_flag("1/2", |_| Some("7".into())), Ok((Shard { number: 1, count: 2 }, None)));
    }
}
