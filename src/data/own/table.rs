//! A CSV file as rows of numbers with a class or a target each.
//!
//! In: a file with a line of column names. Out: its rows, or the first line that does not belong. Rows are read with the crate `csv` itself
//! and not with `burn_dataset::InMemDataset::from_csv`, which does not tell the line of a row.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use csv::{ReaderBuilder, StringRecord};

use super::facts::{ColumnFacts, TableFacts};
use super::{Contents, MAX_CLASSES, OwnData, Rows, class_names};
use crate::data::config::DataConfig;
use crate::data::scale::InputTable;
use crate::files::open_file;
use crate::suggest::suggestion;

/// The longest file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 30;
/// The most numbers of a table.
const MAX_NUMBERS: usize = 1 << 27;

/// What a cell without a value may have in it, in small letters.
const MISSING: &[&str] = &["", "na", "n/a", "nan", "null", "none", "?"];

/// A line that does not belong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong with it, and what was expected.
    pub what: String,
}

/// A table as it was understood: rows, problems, and what each column holds.
#[derive(Debug)]
pub struct Scan {
    /// The names of the inputs.
    pub inputs: Vec<String>,
    rows: Rows,
    /// The text of the class of each row.
    texts: Vec<String>,
    /// What to say of it.
    pub facts: TableFacts,
    /// Every line that does not belong, from top to bottom.
    pub problems: Vec<Problem>,
}

/// The rows of a file.
///
/// # Errors
/// The first line that does not belong: a row of another length, a text where a number belongs, a missing value.
pub fn read(config: &DataConfig, path: &Path) -> Result<OwnData> {
    let Scan { inputs, mut rows, texts, problems, .. } = scan(config, path)?;
    let shown = path.display();
    if let Some(Problem { line, what }) = problems.first() {
        let others = match problems.len() {
            1 => String::new(),
            count => {
                format!("\n{} lines more do not belong; `kindling data check {}` lists them", count - 1, config.dataset)
            }
        };
        bail!("{shown}:{line}: {what}{others}");
    }
    ensure!(rows.labels.len() > 2, "{shown} has {} rows; a split into three needs 3 at least", rows.labels.len());
    let classes = if config.target.is_some() { Vec::new() } else { class_names(texts.iter().cloned()) };
    if config.target.is_none() {
        let label = config.label.as_deref().unwrap_or("the last column");
        ensure!(
            classes.len() <= MAX_CLASSES,
            "{shown}: {label} has {} different values, and there can be {MAX_CLASSES} classes; name the column of the class with \
             `data.label`, or the number to predict with `data.target`",
            classes.len()
        );
        let places: std::collections::HashMap<&str, u8> =
            classes.iter().enumerate().map(|(place, name)| (name.as_str(), place as u8)).collect();
        rows.labels = texts.iter().map(|text| places[text.as_str()]).collect();
    }
    Ok(OwnData { all: Contents::Rows(rows), test: None, classes, columns: Some(inputs), as_is: true })
}

/// The inputs of new rows: those columns of the file that a network takes, scaled. Other columns are passed over.
///
/// # Errors
/// A column is missing, or a line does not belong.
pub fn read_inputs(table: &InputTable, path: &Path) -> Result<Vec<f32>> {
    let shown = path.display();
    let text = text_of(path)?;
    let (header, mut reader) = header_of(&text, path, 1)?;
    let places: Vec<usize> = table
        .columns
        .iter()
        .map(|column| {
            let near = suggestion(column, header.iter().map(String::as_str));
            let place = header.iter().position(|name| name == column);
            place.with_context(|| format!("{shown} has no column `{column}`, which the network takes{near}"))
        })
        .collect::<Result<_>>()?;
    let mut values = Vec::new();
    let mut record = StringRecord::new();
    let mut lines = Lines::of(&text);
    while reader.read_record(&mut record).map_err(|error| ragged(&error, header.len(), &mut lines).located(path))? {
        let line = lines.at(record.position());
        let row: std::result::Result<Vec<f64>, String> =
            places.iter().map(|&place| number(record.get(place).unwrap_or_default(), &header[place])).collect();
        let row = row
            .map_err(|what| Problem { line, what: what.split(';').next().unwrap_or_default().into() }.located(path))?;
        let scaled = table.scaling.scaled(&row);
        ensure!(
            scaled.iter().all(|x| x.is_finite()),
            "{shown}:{line}: scaled as in the training, a number is more than 32 bits can hold"
        );
        values.extend(scaled);
    }
    Ok(values)
}

impl Problem {
    fn located(&self, path: &Path) -> anyhow::Error {
        anyhow::anyhow!("{}:{}: {}", path.display(), self.line, self.what)
    }
}

/// Reads a whole file, and notes every line that does not belong.
///
/// # Errors
/// The file cannot be read, or its first line does not name the columns that the settings do.
pub fn scan(config: &DataConfig, path: &Path) -> Result<Scan> {
    let shown = path.display();
    let text = text_of(path)?;
    let (header, mut reader) = header_of(&text, path, 2)?;
    let place = |key: &str, column: &str| {
        let near = suggestion(column, header.iter().map(String::as_str));
        header.iter().position(|name| name == column).with_context(|| {
            format!("{shown} has no column `{column}`, which `data.{key}` names{near}; it has {}", header.join(", "))
        })
    };
    ensure!(
        config.label.is_none() || config.target.is_none(),
        "`data.label` and `data.target` are both given: either a class or a number is predicted"
    );
    let outcome = match (&config.label, &config.target) {
        (Some(column), _) => place("label", column)?,
        (None, Some(column)) => place("target", column)?,
        (None, None) => header.len() - 1,
    };
    let ignored = config.ignore.iter().map(|column| place("ignore", column)).collect::<Result<Vec<_>>>()?;
    ensure!(!ignored.contains(&outcome), "`data.ignore` has `{}`, which is to be predicted", header[outcome]);
    let inputs: Vec<usize> = (0..header.len()).filter(|at| *at != outcome && !ignored.contains(at)).collect();
    ensure!(!inputs.is_empty(), "{shown} has no column beside `{}` to predict it from", header[outcome]);
    let is_class = config.target.is_none();
    let mut scan = Scan {
        inputs: inputs.iter().map(|&at| header[at].clone()).collect(),
        rows: Rows { width: inputs.len(), ..Rows::default() },
        texts: Vec::new(),
        facts: TableFacts::new(&header[outcome], is_class),
        problems: Vec::new(),
    };
    let mut columns: Vec<ColumnFacts> = scan.inputs.iter().map(|name| ColumnFacts::new(name)).collect();
    let mut record = StringRecord::new();
    let mut lines = Lines::of(&text);
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) if is_open(&text, record.position(), &reader) => {
                let line = lines.at(record.position());
                scan.facts.rows += 1;
                scan.problems.push(Problem { line, what: UNCLOSED.into() });
                break;
            }
            Ok(true) => {}
            Err(error) => {
                let is_open = is_open(&text, error.position(), &reader);
                let problem = ragged(&error, header.len(), &mut lines);
                let what = if is_open { UNCLOSED.into() } else { problem.what };
                scan.facts.rows += 1;
                scan.problems.push(Problem { what, ..problem });
                continue;
            }
        }
        let line = lines.at(record.position());
        let cell = |at: usize| record.get(at).unwrap_or_default();
        let mut wrong: Option<String> = None;
        for (&at, facts) in inputs.iter().zip(&mut columns) {
            match number(cell(at), &header[at]) {
                Ok(number) => {
                    facts.add(number);
                    scan.rows.values.push(number);
                }
                Err(what) => {
                    facts.missing += usize::from(is_missing(cell(at)));
                    wrong = wrong.or(Some(what));
                }
            }
        }
        match is_class {
            // Any other text may be the name of a class, such as `none`.
            true if cell(outcome).is_empty() => {
                scan.facts.outcome.missing += 1;
                wrong = wrong.or(Some(format!("`{}` has no value; expected a class", header[outcome])));
            }
            true => {
                scan.facts.count_class(cell(outcome));
                scan.texts.push(cell(outcome).to_string());
            }
            false => match number(cell(outcome), &header[outcome]) {
                Ok(number) => {
                    scan.facts.outcome.add(number);
                    scan.rows.targets.push(number);
                }
                Err(what) => {
                    scan.facts.outcome.missing += usize::from(is_missing(cell(outcome)));
                    wrong = wrong.or(Some(what));
                }
            },
        }
        scan.facts.rows += 1;
        scan.rows.labels.push(0);
        scan.problems.extend(wrong.map(|what| Problem { line, what }));
        ensure!(
            scan.rows.values.len() <= MAX_NUMBERS,
            "{shown} has more than {MAX_NUMBERS} numbers, the most that are read"
        );
    }
    scan.facts.inputs = columns;
    Ok(scan)
}

/// The text of a file, without the mark that some programs begin one with.
fn text_of(path: &Path) -> Result<String> {
    let shown = path.display();
    let mut bytes = Vec::new();
    open_file(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {shown}"))?;
    ensure!(bytes.len() as u64 <= MAX_BYTES, "{shown} has more than {MAX_BYTES} bytes, the most that are read");
    let text = String::from_utf8(bytes).with_context(|| format!("{shown} is not text in UTF-8; save it as that"))?;
    // Lines may end as on any system, and a row is told by its line.
    Ok(text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n"))
}

/// The names of the columns, `least` or more, and a reader that stands at the first row. The separator is the one that the first line has most
/// of.
fn header_of<'a>(text: &'a str, path: &Path, least: usize) -> Result<(Vec<String>, csv::Reader<&'a [u8]>)> {
    let shown = path.display();
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    // What stands in quotation marks separates nothing.
    let outside: String = first.split('"').step_by(2).collect();
    let count = |separator: &u8| outside.bytes().filter(|byte| byte == separator).count();
    let separator = [b',', b';', b'\t'].into_iter().rev().max_by_key(count).unwrap_or(b',');
    let mut reader = ReaderBuilder::new()
        .delimiter(separator)
        .trim(csv::Trim::All)
        .has_headers(true)
        .flexible(false)
        .from_reader(text.as_bytes());
    let header = reader.headers().with_context(|| format!("{shown}:1 cannot be read as names of columns"))?;
    let mut names: Vec<String> = Vec::new();
    for (at, name) in header.iter().enumerate() {
        // Some programs write the number of a row into a column without a name.
        let name = if name.is_empty() { format!("column {}", at + 1) } else { name.to_string() };
        ensure!(!names.contains(&name), "{shown}:1: two columns are named `{name}`; rename one");
        names.push(name);
    }
    let are_numbers = least > 1 && names.iter().all(|name| name.parse::<f64>().is_ok());
    ensure!(
        !names.is_empty() && !are_numbers,
        "{shown}:1: the first line must name the columns, such as `width,height,class`, and has {}",
        if names.is_empty() { "nothing".to_string() } else { format!("numbers: {first}") }
    );
    ensure!(
        names.len() >= least,
        "{shown}:1: there is one column, `{}`; expected inputs and a class, with commas between them",
        names[0]
    );
    Ok((names, reader))
}

/// The lines of places in a text that come one after the other.
struct Lines<'a> {
    text: &'a [u8],
    byte: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Self { text: text.as_bytes(), byte: 0, line: 1 }
    }

    /// The line of a row. The reader's own is that of the empty lines before it.
    fn at(&mut self, position: Option<&csv::Position>) -> u64 {
        let start = position.map_or(0, |position| position.byte() as usize).clamp(self.byte, self.text.len());
        let empty = self.text[start..].iter().take_while(|byte| **byte == b'\n').count();
        let passed = &self.text[self.byte..start + empty];
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.byte = start + empty;
        self.line
    }
}

const UNCLOSED: &str = "a quotation mark is opened in this row and never closed; close it, or take it out";

/// Whether the row at a place reaches to the end of the text because a quotation mark in it is never closed.
fn is_open(text: &str, row: Option<&csv::Position>, reader: &csv::Reader<&[u8]>) -> bool {
    let start = row.map_or(0, |position| position.byte() as usize);
    let rest = &text.as_bytes()[start.min(text.len())..];
    let quotes = || rest.iter().filter(|byte| **byte == b'"').count();
    reader.position().byte() as usize >= text.len() && rest.trim_ascii().contains(&b'\n') && quotes() % 2 == 1
}

fn is_missing(cell: &str) -> bool {
    MISSING.contains(&cell.to_ascii_lowercase().as_str())
}

fn number(cell: &str, column: &str) -> std::result::Result<f64, String> {
    match cell.parse::<f64>() {
        _ if is_missing(cell) => Err(format!(
            "`{column}` has no value; fill it in, take the row out, or leave the column out with `data.ignore = [\"{column}\"]`"
        )),
        Ok(number) if (number as f32).is_finite() => Ok(number),
        Ok(number) => Err(format!("`{column}` is {number}, which 32 bits cannot hold")),
        Err(_) if cell.replacen(',', ".", 1).parse::<f64>().is_ok() => {
            Err(format!("`{column}` is `{cell}`; numbers are written with a point, {}", cell.replacen(',', ".", 1)))
        }
        Err(_) => Err(format!(
            "`{column}` is `{cell}`, which is not a number; leave the column out with `data.ignore = [\"{column}\"]`, or write it as numbers"
        )),
    }
}

/// What the reader says of a line that it cannot split into cells.
fn ragged(error: &csv::Error, columns: usize, lines: &mut Lines) -> Problem {
    let line = lines.at(error.position());
    let what = match error.kind() {
        csv::ErrorKind::UnequalLengths { len, .. } => {
            format!("there are {len} cells; expected {columns}, as many as the first line has names")
        }
        _ => format!("it cannot be read: {error}"),
    };
    Problem { line, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.csv");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn error(text: &str, change: impl Fn(&mut DataConfig)) -> String {
        let (_folder, path) = file(text);
        let mut config = DataConfig::named("own.csv");
        change(&mut config);
        format!("{:#}", read(&config, &path).unwrap_err()).replace(path.to_str().unwrap(), "own.csv")
    }

    #[test]
    fn the_last_column_is_the_class_unless_another_is_named_or_a_number_is_predicted() {
        let (_folder, path) = file("id;width;kind;length\r\n1;0.5;b;7\r\n2; 1.5 ;a;8\r\n3;2.5;\"b\";9\r\n");
        let with = |change: fn(&mut DataConfig)| {
            let mut config = DataConfig::named("own.csv");
            change(&mut config);
            let own = read(&config, &path).unwrap();
            let Contents::Rows(rows) = own.all else { panic!("no rows") };
            (own.columns.unwrap(), own.classes, rows)
        };
        let (columns, classes, rows) = with(|c| (c.label, c.ignore) = (Some("kind".into()), vec!["id".into()]));
        assert_eq!((columns, classes), (vec!["width".into(), "length".into()], vec!["a".into(), "b".into()]));
        assert_eq!((rows.values, rows.labels), (vec![0.5, 7.0, 1.5, 8.0, 2.5, 9.0], vec![1, 0, 1]));
        let (columns, classes, rows) = with(|c| (c.target, c.ignore) = (Some("length".into()), vec!["kind".into()]));
        assert_eq!((columns, classes.len()), (vec!["id".into(), "width".into()], 0));
        assert_eq!((rows.targets, rows.labels), (vec![7.0, 8.0, 9.0], vec![0; 3]));
    }

    #[test]
    fn every_kind_of_bad_line_is_told_with_its_file_line_and_what_was_expected() {
        let any = |_: &mut DataConfig| {};
        assert!(error("a,b,c\n1,2,x\n1,2\n3,4,y\n", any).starts_with("own.csv:3: there are 2 cells; expected 3"));
        let text = error("a,b,c\n1,2,x\n1,red,y\n3,blue,y\n", any);
        assert!(text.starts_with("own.csv:3: `b` is `red`, which is not a number"), "{text}");
        assert!(text.contains("1 lines more do not belong; `kindling data check own.csv`"), "{text}");
        for missing in ["", "NaN", "NA", "?"] {
            assert!(error(&format!("a,b,c\n1,{missing},x\n"), any).starts_with("own.csv:2: `b` has no value"));
        }
        assert!(error("a,b,c\n1,1e39,x\n", any).contains("32 bits"));
        assert!(error("a,c\n1,\n", any).contains("expected a class"));
        // The line is that of the file, whatever ends it and however many are empty.
        assert!(error("a,b,c\r\n1,2,x\r\n3,red,y\r\n", any).starts_with("own.csv:3:"));
        assert!(error("a,b,c\r1,2,x\r3,red,y\r", any).starts_with("own.csv:3:"));
        assert!(error("a,b,c\n\n\n1,2,x\n\n3,red,y\n", any).starts_with("own.csv:6:"));
        assert!(error("a,b,c\r\n\r\n1,2\r\n", any).starts_with("own.csv:3: there are 2 cells"));
        // A line break in quotation marks: the line is that of the file.
        assert!(error("a,c\n1,\"x\ny\"\nb,z\n", any).starts_with("own.csv:4:"));
        for unclosed in ["a,b,c\n1,2,x\n3,4,\"y\n5,6,x\n7,8,y\n", "a,b,c\n1,2,x\n\"3,4,y\n5,6,x\n"] {
            let text = error(unclosed, any);
            assert!(text.starts_with("own.csv:3: a quotation mark is opened"), "{text}");
        }
        assert!(
            error("a;b;c\n1,5;2;x\n", any)
                .starts_with("own.csv:2: `a` is `1,5`; numbers are written with a point, 1.5")
        );
        assert!(error("1,2\n3,4\n", any).contains("must name the columns"));
        assert!(error("a,a\n3,4\n", any).contains("two columns are named `a`"));
        assert!(error("a\n3\n", any).contains("one column"));
        assert!(error("", any).contains("has nothing"));
        assert!(error("a,c\n1,x\n", any).contains("1 rows"));
        assert!(error("width,c\n1,x\n", |c| c.label = Some("widht".into())).contains("did you mean `width`?"));
        let many: String = (0..300).map(|i| format!("{i},{}\n", i as f64 / 2.0)).collect();
        assert!(error(&format!("a,price\n{many}"), any).contains("300 different values"));
    }

    #[test]
    fn a_class_may_have_any_name_and_a_separator_in_quotation_marks_separates_nothing() {
        let (_folder, path) = file("\"size, cm\";kind\n1;none\n2;NA\n3;?\n4;none\n");
        let own = read(&DataConfig::named("own.csv"), &path).unwrap();
        assert_eq!(
            (own.classes, own.columns.unwrap()),
            (vec!["?".into(), "NA".into(), "none".into()], vec!["size, cm".into()])
        );
    }

    #[test]
    fn new_rows_are_read_by_the_names_of_their_columns() {
        use crate::data::scale::Scaling;
        let scaling = Scaling { offset: vec![1.0, 0.0], divisor: vec![2.0, 1.0] };
        let table = InputTable { columns: vec!["b".into(), "a".into()], scaling };
        let (_folder, path) = file("a,other,b\n3,x,5\n4,,7\n");
        assert_eq!(read_inputs(&table, &path).unwrap(), [2.0, 3.0, 3.0, 4.0]);
        let (_folder, path) = file("a,other\n3,x\n");
        assert!(read_inputs(&table, &path).unwrap_err().to_string().contains("no column `b`"));
    }
}
