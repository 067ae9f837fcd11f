//! A report as Markdown.

use super::page::{Block, Page};
use super::table::Table;

/// The page as `report.md`.
pub fn render(page: &Page) -> String {
    let mut out = format!("# {}\n", page.title);
    for block in &page.blocks {
        out.push('\n');
        match block {
            Block::Heading(text) => out.push_str(&format!("## {text}\n")),
            Block::Text(text) => out.push_str(&format!("{text}\n")),
            Block::List(lines) => lines.iter().for_each(|line| out.push_str(&format!("- {}\n", cell(line)))),
            Block::Table(table) => out.push_str(&rows(table)),
            Block::Figure(figure) => {
                out.push_str(&format!("![{}](figures/{})\n\n{}\n", figure.title, figure.file, figure.caption));
            }
        }
    }
    out
}

fn rows(table: &Table) -> String {
    let line =
        |cells: &[String]| format!("| {} |\n", cells.iter().map(|text| cell(text)).collect::<Vec<_>>().join(" | "));
    let rule = vec!["---".to_string(); table.head.len()];
    let rows: String = table.rows.iter().map(|row| line(row)).collect();
    format!("{}{}{rows}", line(&table.head), line(&rule))
}

/// Text that Markdown would take for a table's or a tag's mark.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_becomes_markdown() {
        let table = Table { head: vec!["a".into(), "b".into()], rows: vec![vec!["x|y".into(), "p < 1".into()]] };
        let page = Page { title: "Why?".into(), blocks: vec![Block::Text("Because.".into()), Block::Table(table)] };
        assert_eq!(render(&page), "# Why?\n\nBecause.\n\n| a | b |\n| --- | --- |\n| x\\|y | p &lt; 1 |\n");
    }
}
