//! A page as one HTML file that opens offline, with its styles and pictures inside.

use std::collections::HashMap;

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::figures::{Figure, svg};
use super::page::{Block, Page, Widget};
use super::table::{ArmName, Cell, Link, Table};
use crate::analysis::claims::Finding;

const STYLE: &str = include_str!("page/style.css");
/// What the other scripts share.
const PAGE: &str = include_str!("page/page.js");
/// Tables that sort and stack.
const TABLES: &str = include_str!("page/tables.js");
/// Menus that hide what is not of one source, or has not one finding.
const FILTER: &str = include_str!("page/filter.js");
/// Arms that are hidden and picked, marks that are named, and curves that are read.
const ARMS: &str = include_str!("page/arms.js");
const TIPS: &str = include_str!("page/tips.js");
const CURVES: &str = include_str!("page/curves.js");
const BRUSH: &str = include_str!("page/brush.js");
/// Images that are cut from a sheet, and networks that are run.
const IMAGES: &str = include_str!("page/images.js");
const NETWORKS: &str = include_str!("page/networks.js");
/// Images behind the cells of a confusion matrix.
const CONFUSED: &str = include_str!("page/confused.js");
const DRAWING: &str = include_str!("page/drawing.js");
const PLAYER: &str = include_str!("page/player.js");
const LEARNING: &str = include_str!("page/learning.js");
const DESCENTS: &str = include_str!("page/descents.js");
const WALKING: &str = include_str!("page/walking.js");

/// The page as `report.html`.
///
/// # Errors
/// A number of its data that JSON cannot hold.
pub fn render(page: &Page) -> Result<String> {
    let title = inline(&page.title);
    let form = if page.can_filter { FORM } else { "" };
    let (data, scripts) = scripts(page)?;
    let anchors = anchors(&page.blocks);
    let contents = contents(&anchors);
    let body: String = sections(&page.blocks, &anchors);
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{contents}{form}{body}\
         {data}{scripts}</body>\n</html>\n"
    ))
}

/// The data of the page's scripts as an element, and the scripts that it needs, in their order.
fn scripts(page: &Page) -> Result<(String, String)> {
    let mut scripts = vec![PAGE, TABLES];
    if page.can_filter {
        scripts.push(FILTER);
    }
    let Some(interactive) = &page.interactive else { return Ok((String::new(), elements(&scripts))) };
    scripts.extend([ARMS, TIPS, CURVES, BRUSH]);
    let has = |widget| page.blocks.iter().any(|block| matches!(block, Block::Widget(found) if *found == widget));
    let (drawing, learning, walking) = (has(Widget::Drawing), has(Widget::Learning), has(Widget::Codes));
    let parts = [
        (drawing || walking || interactive.has_confused(), IMAGES),
        (drawing || walking || learning, NETWORKS),
        (interactive.has_confused(), CONFUSED),
        (drawing, DRAWING),
        (learning || interactive.has_descents(), PLAYER),
        (learning, LEARNING),
        (interactive.has_descents(), DESCENTS),
        (walking, WALKING),
    ];
    scripts.extend(parts.into_iter().filter(|(is_needed, _)| *is_needed).map(|(_, script)| script));
    let data = format!("<script type=\"application/json\" id=\"data\">{}</script>\n", interactive.to_json()?);
    Ok((data, elements(&scripts)))
}

/// An element for each script, so that one that fails takes no other with it.
fn elements(scripts: &[&str]) -> String {
    scripts.iter().map(|script| format!("<script>\n{script}</script>\n")).collect()
}

/// The menus of [`FILTER`], which are shown by it.
const FORM: &str = r#"<form id="filter" hidden>
<label>Section <select id="section"><option value="">all</option></select></label>
<label>Finding <select id="finding"><option value="">all</option></select></label>
</form>
"#;

/// Fewer headings than these need no contents.
const FEW: usize = 4;

/// Each heading with the name of its place in the page: its words in small letters, with a number where two headings have the same.
fn anchors(blocks: &[Block]) -> Vec<(String, String)> {
    let mut names: HashMap<String, usize> = HashMap::new();
    let heading = |block: &Block| match block {
        Block::Heading(text) => Some(text.clone()),
        Block::Widget(widget) => Some(widget.title().to_string()),
        _ => None,
    };
    let named = blocks.iter().filter_map(heading).map(|text| {
        let lower = text.to_lowercase();
        let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let name = words.join("-");
        let count = names.entry(name.clone()).or_default();
        *count += 1;
        let name = if *count == 1 { name } else { format!("{name}-{count}") };
        (name, text)
    });
    named.collect()
}

/// Links to the headings.
fn contents(anchors: &[(String, String)]) -> String {
    if anchors.len() < FEW {
        return String::new();
    }
    let item =
        |(name, text): &(String, String)| format!("<li><a href=\"#{}\">{}</a></li>\n", svg::escape(name), inline(text));
    let items: String = anchors.iter().map(item).collect();
    format!("<nav><details open><summary>Contents</summary>\n<ol>\n{items}</ol>\n</details></nav>\n")
}

/// The blocks, each heading with those below it in a section.
fn sections(blocks: &[Block], anchors: &[(String, String)]) -> String {
    let mut out = String::new();
    let mut anchors = anchors.iter();
    let mut is_open = false;
    for one in blocks {
        let text = match one {
            Block::Heading(text) => text.as_str(),
            Block::Widget(widget) => widget.title(),
            _ => {
                out.push_str(&block(one));
                continue;
            }
        };
        out.push_str(if is_open { "</section>\n<section>\n" } else { "<section>\n" });
        is_open = true;
        let name = anchors.next().map_or("", |(name, _)| name);
        out.push_str(&format!("<h2 id=\"{}\">{}</h2>\n", svg::escape(name), inline(text)));
        out.push_str(&block(one));
    }
    out + if is_open { "</section>\n" } else { "" }
}

fn block(block: &Block) -> String {
    match block {
        // Sections begin with it.
        Block::Heading(_) => String::new(),
        Block::Text(text) => format!("<p>{}</p>\n", inline(text)),
        Block::Notice(text) => format!("<p class=\"notice\">{}</p>\n", inline(text)),
        Block::List(lines) => {
            let items: String = lines.iter().map(|line| format!("<li>{}</li>\n", inline(line))).collect();
            format!("<ul>\n{items}</ul>\n")
        }
        Block::Table(table) => rows(table),
        Block::Figure(figure) => picture(figure),
        Block::Widget(widget) => format!(
            "<div class=\"widget\" data-widget=\"{}\"><noscript><p>This needs JavaScript.</p></noscript></div>\n",
            widget.name()
        ),
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
        Cell::Arm(ArmName { label, ranks_first, .. }) => {
            let class = if *ranks_first { " class=\"first\"" } else { "" };
            format!("<td data-arm=\"{}\"{class}>{text}</td>", svg::escape(label))
        }
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
    format!(
        "<figure data-figure=\"{}\">\n<div class=\"picture\">\n{picture}\n</div>\n<figcaption>{}</figcaption>\n</figure>\n",
        svg::escape(figure.file.split('.').next().unwrap_or_default()),
        inline(&figure.caption)
    )
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
            interactive: None,
        };
        let html = render(&page).unwrap();
        assert!(html.contains("<h1>a &lt; b</h1>") && html.contains("data:image/png;base64,iQE="));
        assert!(html.contains("alt=\"Less &lt; more\""));
        assert!(html.contains("<code>x</code>") && !html.contains("http"));
    }

    #[test]
    fn headings_have_places_of_their_own_to_which_the_contents_lead() {
        let heading = |text: &str| Block::Heading(text.into());
        let blocks = vec![heading("Curves"), heading("A <b> & `c`"), heading("Curves"), heading("Δ")];
        let html = render(&Page { title: "t".into(), blocks, can_filter: false, interactive: None }).unwrap();
        for (name, text) in
            [("curves", "Curves"), ("a-b-c", "A &lt;b&gt; &amp; <code>c</code>"), ("curves-2", "Curves"), ("δ", "Δ")]
        {
            assert!(html.contains(&format!("<a href=\"#{name}\">{text}</a>")), "{html}");
            assert!(html.contains(&format!("<h2 id=\"{name}\">{text}</h2>")), "{html}");
        }
        // A short page needs none.
        let short = Page { title: "t".into(), blocks: vec![heading("Curves")], can_filter: false, interactive: None };
        assert!(!render(&short).unwrap().contains("<nav>"));
    }
}
