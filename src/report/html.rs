//! A page as one HTML file that opens offline, with its styles and pictures inside.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::figures::{Figure, svg};
use super::page::{Block, Page};
use super::table::{Cell, Link, Table};
use crate::analysis::claims::Finding;

const STYLE: &str = "
:root { color-scheme: light; }
body { font: 16px/1.5 Helvetica, Arial, 'DejaVu Sans', sans-serif; color: #222; background: #fff;
       max-width: 96rem; margin: 2rem auto; padding: 0 1rem; }
p, ul, figure { max-width: 64rem; }
form { position: sticky; top: 0; background: #fff; padding: 0.5rem 0; } form label { margin-right: 1.2rem; } [hidden] { display: none; }
h1 { font-size: 1.7rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.88rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.65rem; border-bottom: 1px solid #e3e3e3; text-align: left; vertical-align: top; }
th { border-bottom: 2px solid #222; } td.number { text-align: right; white-space: nowrap; }
td.confirmed { color: #00684c; font-weight: 600; } td.same { color: #1f5f99; font-weight: 600; } td.refuted { color: #a34700; font-weight: 600; }
td.inconclusive { color: #555; font-weight: 600; }
.notice { border-left: 4px solid #a34700; background: #fdf1e7; padding: 0.6rem 0.9rem; font-weight: 600; }
td.underspecified { color: #6b3f8a; font-weight: 600; }
figure { margin: 0; } figure svg, figure img { max-width: 100%; height: auto; }
figcaption { color: #555; font-size: 0.9rem; max-width: 48rem; }
";

/// The page as `report.html`.
pub fn render(page: &Page) -> String {
    let title = inline(&page.title);
    let filter = if page.can_filter { FILTER } else { "" };
    let body: String = sections(&page.blocks);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{filter}{body}</body>\n</html>\n"
    )
}

/// The blocks, each heading with those below it in a section.
fn sections(blocks: &[Block]) -> String {
    let mut out = String::new();
    let mut is_open = false;
    for one in blocks {
        if matches!(one, Block::Heading(_)) {
            out.push_str(if is_open { "</section>\n<section>\n" } else { "<section>\n" });
            is_open = true;
        }
        out.push_str(&block(one));
    }
    out + if is_open { "</section>\n" } else { "" }
}

/// Two menus that hide what is not of one source, or has not one finding. Without JavaScript everything is shown.
const FILTER: &str = r#"<form id="filter" hidden>
<label>Section <select id="section"><option value="">all</option></select></label>
<label>Finding <select id="finding"><option value="">all</option></select></label>
</form>
<script>
addEventListener("DOMContentLoaded", () => {
  const sections = [...document.querySelectorAll("section")].filter(s => s.querySelector("td[data-finding]"));
  const name = section => section.querySelector("h2").textContent;
  const fill = (id, values) => {
    const menu = document.getElementById(id);
    for (const value of new Set(values)) menu.add(new Option(value, value));
    menu.onchange = show;
    return menu;
  };
  const section = fill("section", sections.map(name));
  const finding = fill("finding", [...document.querySelectorAll("td[data-finding]")].map(cell => cell.textContent));
  function show() {
    for (const each of sections) {
      each.hidden = section.value !== "" && name(each) !== section.value;
      for (const row of each.querySelectorAll("tbody tr")) {
        const cell = row.querySelector("td[data-finding]");
        row.hidden = cell && finding.value !== "" && cell.textContent !== finding.value;
      }
    }
  }
  document.getElementById("filter").hidden = false;
});
</script>
"#;

fn block(block: &Block) -> String {
    match block {
        Block::Heading(text) => format!("<h2>{}</h2>\n", inline(text)),
        Block::Text(text) => format!("<p>{}</p>\n", inline(text)),
        Block::Notice(text) => format!("<p class=\"notice\">{}</p>\n", inline(text)),
        Block::List(lines) => {
            let items: String = lines.iter().map(|line| format!("<li>{}</li>\n", inline(line))).collect();
            format!("<ul>\n{items}</ul>\n")
        }
        Block::Table(table) => rows(table),
        Block::Figure(figure) => picture(figure),
    }
}

fn rows(table: &Table) -> String {
    let head: String = table.head.iter().map(|name| format!("<th>{}</th>", inline(name))).collect();
    let row = |cells: &Vec<Cell>| format!("<tr>{}</tr>\n", cells.iter().map(cell).collect::<String>());
    let body: String = table.rows.iter().map(row).collect();
    format!("<div class=\"wide\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table></div>\n")
}

/// Numbers stand to the right and findings have their colour, by the cell's class.
fn cell(cell: &Cell) -> String {
    let text = inline(&cell.to_string());
    match cell {
        Cell::Text(_) => format!("<td>{text}</td>"),
        Cell::Number(_) => format!("<td class=\"number\">{text}</td>"),
        Cell::Finding(finding) => format!("<td class=\"{}\" data-finding>{text}</td>", class(*finding)),
        Cell::Links(links) => {
            let link = |Link { text, target }: &Link| {
                // Of a report there are two forms: a page in HTML leads to the one in HTML.
                let target = target.strip_suffix(".md").map_or(target.clone(), |stem| format!("{stem}.html"));
                format!("<a href=\"{}\">{}</a>", svg::escape(&target), inline(text))
            };
            format!("<td>{}</td>", links.iter().map(link).collect::<Vec<_>>().join(", "))
        }
    }
}

fn class(finding: Finding) -> &'static str {
    match finding {
        Finding::Confirmed => "confirmed",
        Finding::Same => "same",
        Finding::Refuted => "refuted",
        Finding::Underspecified => "underspecified",
        Finding::Inconclusive | Finding::NotAsPublished | Finding::Untestable => "inconclusive",
    }
}

fn picture(figure: &Figure) -> String {
    let picture = match std::str::from_utf8(&figure.bytes) {
        Ok(svg) if figure.file.ends_with(".svg") => svg.to_string(),
        _ => {
            let data = STANDARD.encode(&figure.bytes);
            format!("<img alt=\"{}\" src=\"data:image/png;base64,{data}\">", svg::escape(&figure.alt))
        }
    };
    format!("<figure>\n{picture}\n<figcaption>{}</figcaption>\n</figure>\n", inline(&figure.caption))
}

/// Running text as HTML; what stands between backticks becomes code.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in svg::escape(text).split('`').enumerate() {
        match index % 2 {
            0 => out.push_str(part),
            _ => out.push_str(&format!("<code>{part}</code>")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_written_by_their_kind_and_not_by_their_text() {
        let links = ["a", "d"].map(|name| Link { text: name.into(), target: format!("{name}/c.md") });
        let cells = [
            (Cell::from("784-64-32-10"), "<td>784-64-32-10</td>"),
            (Cell::from("confirmed [-0.1, 0.2] [a](b)"), "<td>confirmed [-0.1, 0.2] [a](b)</td>"),
            (Cell::number("-0.4"), "<td class=\"number\">-0.4</td>"),
            (Cell::Number(None), "<td class=\"number\">-</td>"),
            (Cell::Finding(Finding::Refuted), "<td class=\"refuted\" data-finding>refuted</td>"),
            (Cell::Finding(Finding::Untestable), "<td class=\"inconclusive\" data-finding>not testable</td>"),
            (Cell::Links(links.to_vec()), "<td><a href=\"a/c.html\">a</a>, <a href=\"d/c.html\">d</a></td>"),
        ];
        cells.iter().for_each(|(kind, html)| assert_eq!(cell(kind), *html));
    }

    #[test]
    fn a_page_is_self_contained_and_escaped() {
        let figure = Figure {
            file: "x.png".into(),
            title: "A <picture>".into(),
            alt: "Less < more".into(),
            caption: "c".into(),
            bytes: vec![0x89, 1],
        };
        let page = Page {
            title: "a < b".into(),
            blocks: vec![Block::Figure(&figure), Block::Text("run `x`".into())],
            can_filter: false,
        };
        let html = render(&page);
        assert!(html.contains("<h1>a &lt; b</h1>") && html.contains("data:image/png;base64,iQE="));
        assert!(html.contains("alt=\"Less &lt; more\""));
        assert!(html.contains("<code>x</code>") && !html.contains("http"));
    }
}
