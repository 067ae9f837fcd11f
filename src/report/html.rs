//! A report as one HTML file that opens offline: styles, pictures and all inside.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::page::{Block, Page};
use super::table::Table;
use crate::report::figures::{Figure, svg};

const STYLE: &str = "
:root { color-scheme: light; }
body { font: 16px/1.5 Helvetica, Arial, 'DejaVu Sans', sans-serif; color: #222; background: #fff;
       max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.88rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.65rem; border-bottom: 1px solid #e3e3e3; text-align: left; vertical-align: top; }
th { border-bottom: 2px solid #222; } td.number { text-align: right; white-space: nowrap; }
td.confirmed { color: #00684c; font-weight: 600; } td.refuted { color: #a34700; font-weight: 600; }
td.inconclusive { color: #555; font-weight: 600; }
figure { margin: 0; } figure svg, figure img { max-width: 100%; height: auto; }
figcaption { color: #555; font-size: 0.9rem; max-width: 48rem; }
";

/// The page as `report.html`.
pub fn render(page: &Page) -> String {
    let title = escape(&page.title);
    let body: String = page.blocks.iter().map(block).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{body}</body>\n</html>\n"
    )
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading(text) => format!("<h2>{}</h2>\n", escape(text)),
        Block::Text(text) => format!("<p>{}</p>\n", escape(text)),
        Block::List(lines) => {
            let items: String = lines.iter().map(|line| format!("<li>{}</li>\n", escape(line))).collect();
            format!("<ul>\n{items}</ul>\n")
        }
        Block::Table(table) => rows(table),
        Block::Figure(figure) => picture(figure),
    }
}

fn rows(table: &Table) -> String {
    let head: String = table.head.iter().map(|cell| format!("<th>{}</th>", escape(cell))).collect();
    let row = |cells: &Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("<td{}>{}</td>", class(cell), escape(cell))).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let body: String = table.rows.iter().map(row).collect();
    format!("<div class=\"wide\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>\n")
}

/// `0.04905 [0.04862, 0.04943]`, with room.
const LONGEST_NUMBER: usize = 40;

/// Numbers are set to the right, findings in their colour.
fn class(cell: &str) -> String {
    // A sentence may begin with a number.
    let numeric = cell == "-" || (cell.len() <= LONGEST_NUMBER && cell.starts_with(|c: char| c.is_ascii_digit()));
    match cell {
        "confirmed" | "refuted" | "inconclusive" => format!(" class=\"{cell}\""),
        "not testable" => " class=\"inconclusive\"".into(),
        _ if numeric => " class=\"number\"".into(),
        _ => String::new(),
    }
}

fn picture(figure: &Figure) -> String {
    let picture = match std::str::from_utf8(&figure.bytes) {
        Ok(svg) if figure.file.ends_with(".svg") => svg.to_string(),
        _ => format!(
            "<img alt=\"{}\" src=\"data:image/png;base64,{}\">",
            escape(&figure.title),
            STANDARD.encode(&figure.bytes)
        ),
    };
    format!("<figure>\n{picture}\n<figcaption>{}</figcaption>\n</figure>\n", escape(&figure.caption))
}

/// Text for HTML; `code` marks become code.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in svg::escape(text).split('`').enumerate() {
        match index % 2 {
            0 => out.push_str(&links(part)),
            _ => out.push_str(&format!("<code>{part}</code>")),
        }
    }
    out
}

/// `[text](target)` as a link.
fn links(text: &str) -> String {
    let Some((before, rest)) = text.split_once('[') else { return text.into() };
    let link = rest.split_once("](").and_then(|(words, rest)| Some((words, rest.split_once(')')?)));
    match link {
        Some((words, (target, after))) if !words.contains('[') => {
            format!("{before}<a href=\"{target}\">{words}</a>{}", links(after))
        }
        // An interval's bracket, or half a link.
        _ => format!("{before}[{}", links(rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_told_from_intervals() {
        assert_eq!(
            escape("[-0.1, 0.2], n (see [a](b/c.md), [d](e))"),
            "[-0.1, 0.2], n (see <a href=\"b/c.md\">a</a>, <a href=\"e\">d</a>)"
        );
    }

    #[test]
    fn a_page_is_self_contained_and_escaped() {
        let figure =
            Figure { file: "x.png".into(), title: "A <picture>".into(), caption: "c".into(), bytes: vec![0x89, 1] };
        let page = Page { title: "a < b".into(), blocks: vec![Block::Figure(&figure), Block::Text("run `x`".into())] };
        let html = render(&page);
        assert!(html.contains("<h1>a &lt; b</h1>") && html.contains("data:image/png;base64,iQE="));
        assert!(html.contains("<code>x</code>") && !html.contains("http"));
    }
}
