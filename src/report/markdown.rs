//! A page as Markdown.

use super::page::{Block, Page};
use super::table::{Cell, Link, Table};

/// The page as `report.md`; figures are files in `figures/`.
pub fn render(page: &Page) -> String {
    let mut out = format!("# {}\n", page.title);
    for block in &page.blocks {
        out.push('\n');
        match block {
            Block::Heading(text) => out.push_str(&format!("## {text}\n")),
            Block::Text(text) => out.push_str(&format!("{text}\n")),
            Block::Notice(text) => out.push_str(&format!("> **{text}**\n")),
            Block::List(lines) => lines.iter().for_each(|line| out.push_str(&format!("- {}\n", escape(line)))),
            Block::Table(table) => out.push_str(&rows(table)),
            Block::Figure(figure) => {
                out.push_str(&format!("![{}](figures/{})\n\n{}\n", figure.alt, figure.file, figure.caption));
            }
        }
    }
    out
}

fn rows(table: &Table) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let head = line(table.head.iter().map(|name| escape(name)).collect());
    let rule = line(vec!["---".to_string(); table.head.len()]);
    let body: String = table.rows.iter().map(|row| line(row.iter().map(cell).collect())).collect();
    format!("{head}{rule}{body}")
}

fn cell(cell: &Cell) -> String {
    let link = |Link { text, target }: &Link| format!("[{}]({})", escape(text), escape(target));
    match cell {
        Cell::Links(links) => links.iter().map(link).collect::<Vec<_>>().join(", "),
        Cell::Text(_) | Cell::Number(_) | Cell::Finding(_) => escape(&cell.to_string()),
    }
}

/// Text without the characters that Markdown would take for the edge of a cell or the start of a tag.
fn escape(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::claims::Finding;
    use crate::report::figures::Figure;

    #[test]
    fn a_page_becomes_markdown() {
        let table = Table::new(["a", "b"], [vec![Cell::from("x|y"), Cell::from("p < 1")]]);
        let page = Page {
            title: "Why?".into(),
            blocks: vec![Block::Text("Because.".into()), Block::Table(table)],
            can_filter: false,
        };
        assert_eq!(render(&page), "# Why?\n\nBecause.\n\n| a | b |\n| --- | --- |\n| x\\|y | p &lt; 1 |\n");
    }

    #[test]
    fn cells_are_written_by_their_kind() {
        let links = ["a", "b"].map(|name| Link { text: name.into(), target: format!("runs/{name}.md") });
        let cells = [Cell::Number(None), Cell::number("1 [0, 2]"), Cell::Finding(Finding::Confirmed)];
        assert_eq!(cells.each_ref().map(cell), ["-", "1 [0, 2]", "confirmed"]);
        assert_eq!(cell(&Cell::Links(links.to_vec())), "[a](runs/a.md), [b](runs/b.md)");
    }

    #[test]
    fn a_figure_is_its_file_with_the_alternative_text_and_its_caption() {
        let figure = Figure {
            file: "x.svg".into(),
            title: "Title".into(),
            alt: "A line.".into(),
            caption: "It rises.".into(),
            bytes: Vec::new(),
        };
        let page = Page { title: "Why?".into(), blocks: vec![Block::Figure(&figure)], can_filter: false };
        assert_eq!(render(&page), "# Why?\n\n![A line.](figures/x.svg)\n\nIt rises.\n");
    }
}
