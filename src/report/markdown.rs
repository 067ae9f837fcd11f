//! A page as Markdown.

use super::page::{Block, Page};
use super::table::{Cell, Link, Table};

/// The page as `report.md`; figures are files in `figures/`.
pub fn render(page: &Page) -> String {
    let mut out = format!("# {}\n", running(&page.title));
    // On paper there is nothing to touch.
    for block in page.blocks.iter().filter(|block| !matches!(block, Block::Widget(_))) {
        out.push('\n');
        match block {
            Block::Widget(_) => {}
            Block::Heading(text) => out.push_str(&format!("## {}\n", running(text))),
            Block::Text(text) => out.push_str(&format!("{}\n", running(text))),
            Block::Notice(text) => out.push_str(&format!("> **{}**\n", running(text))),
            Block::List(lines) => lines.iter().for_each(|line| out.push_str(&format!("- {}\n", escape(line)))),
            Block::Table(table) => out.push_str(&rows(table)),
            Block::Figure(figure) => {
                out.push_str(&format!(
                    "![{}](figures/{})\n\n{}\n",
                    running(&figure.alt),
                    figure.file,
                    running(&figure.caption)
                ));
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
        Cell::Text(_) | Cell::Arm(_) | Cell::Number(_) | Cell::Finding(_) => escape(&cell.to_string()),
    }
}

/// Text without the characters that Markdown would take for the edge of a cell, besides what [`running`] leaves out.
fn escape(text: &str) -> String {
    running(text).replace('|', "\\|")
}

/// Text without the characters that Markdown would take for a tag, a link or a new paragraph: a claim may be anyone's.
fn running(text: &str) -> String {
    let text = text.replace('<', "&lt;").replace("](", "]\\(");
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
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
            interactive: None,
        };
        assert_eq!(render(&page), "# Why?\n\nBecause.\n\n| a | b |\n| --- | --- |\n| x\\|y | p &lt; 1 |\n");
    }

    #[test]
    fn a_claim_brings_no_link_tag_or_paragraph_of_its_own() {
        let blocks = vec![Block::Text("[see](javascript:alert(1)) <b>\n# now".into())];
        let text = render(&Page { title: "a\u{1b}[2J".into(), blocks, can_filter: false, interactive: None });
        assert_eq!(text, "# a [2J\n\n[see]\\(javascript:alert(1)) &lt;b> # now\n");
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
        let page =
            Page { title: "Why?".into(), blocks: vec![Block::Figure(&figure)], can_filter: false, interactive: None };
        assert_eq!(render(&page), "# Why?\n\n![A line.](figures/x.svg)\n\nIt rises.\n");
    }
}
