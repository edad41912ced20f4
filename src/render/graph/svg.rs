//! A picture as SVG, without outside programs: boxes, frames around modules, lines, a title and a legend.
//!
//! It brings its own light ground, so that it reads the same on a dark page; fonts differ between machines, so every text says how wide
//! it is. A full address is in the box's tooltip.

use super::layout::{self, Input, Layout, Line, Rect};
use super::{Picture, Tile, Tone};
use crate::render::paint::columns;
use std::fmt::Write;

/// The width of a column of text at 12 pixels.
const COLUMN: f64 = 7.2;

/// Room beside the text of a box.
const MARGIN: f64 = 10.0;

/// Longer labels lose their middle.
const LONGEST: usize = 52;

/// Room around everything; the height of the title, and of a line of the legend.
const AROUND: f64 = 24.0;
const HEAD: f64 = 34.0;
const ROW: f64 = 20.0;

/// The length of an arrow's point.
const POINT: f64 = 7.0;

const STYLE: &str = "text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,\"DejaVu Sans Mono\",monospace;fill:#1f2328}\
.title{font-size:15px;font-weight:600}.faint{fill:#57606a}\
.frame{fill:#818b98;fill-opacity:.08;stroke:#afb8c1}\
.line{fill:none;stroke:#6e7781;stroke-width:1.2;stroke-opacity:.75}.point{fill:#57606a}";

pub(super) fn write(picture: &Picture) -> String {
    let boxes: Vec<_> = picture.boxes.iter().map(|tile| (box_width(tile), tile.group)).collect();
    let frames: Vec<_> = picture.groups.iter().map(|g| (frame_width(&g.text), g.parent)).collect();
    let drawn = layout::layout(&Input { boxes: &boxes, frames: &frames, needs: &picture.needs });
    let legend = legend(picture);
    let head = HEAD + picture.note.as_ref().map_or(0.0, |_| ROW);
    let texts = [Some(&picture.title), picture.note.as_ref()].into_iter().flatten();
    let widest = texts.map(|text| columns(text) as f64 * COLUMN * 1.25);
    let width = widest.chain(legend.iter().map(|row| row.1)).fold(drawn.width, f64::max) + 2.0 * AROUND;
    let foot = if legend.is_empty() { 0.0 } else { AROUND + ROW };
    let height = head + drawn.height + foot + 2.0 * AROUND;
    let mut page = Page(String::new());
    page.open(picture, width, height);
    page.drawing(picture, &drawn, (AROUND, AROUND + head));
    page.legend(&legend, AROUND + head + drawn.height + AROUND);
    page.0.push_str("</svg>");
    page.0
}

fn box_width(tile: &Tile) -> f64 {
    columns(&short(&tile.label())) as f64 * COLUMN + 2.0 * MARGIN
}

fn frame_width(text: &str) -> f64 {
    columns(&short(text)) as f64 * COLUMN + 2.0 * layout::PADDING
}

/// The text, or its ends.
fn short(text: &str) -> String {
    let chars: Vec<char> = text.chars().filter(|c| !c.is_control()).collect();
    if chars.len() <= LONGEST {
        return chars.into_iter().collect();
    }
    let (head, tail) = (LONGEST / 2, LONGEST - LONGEST / 2 - 1);
    chars[..head].iter().chain(&['…']).chain(&chars[chars.len() - tail..]).collect()
}

/// The explanations, with the place of each from the left and where it ends.
fn legend(picture: &Picture) -> Vec<(Entry, f64, f64)> {
    let mut entries: Vec<Entry> =
        picture.tones().into_iter().filter(|tone| *tone != Tone::Declared).map(Entry::Tone).collect();
    if picture.boxes.iter().any(|tile| tile.data) {
        entries.push(Entry::Data);
    }
    if !picture.needs.is_empty() {
        entries.push(Entry::Arrow);
    }
    let mut x = 0.0;
    let place = |entry: Entry| {
        let width = 36.0 + columns(entry.text()) as f64 * COLUMN;
        let from = x;
        x += width + 18.0;
        (entry, from + width, from)
    };
    entries.into_iter().map(place).collect()
}

#[derive(Clone, Copy)]
enum Entry {
    Tone(Tone),
    Data,
    Arrow,
}

impl Entry {
    fn text(self) -> &'static str {
        match self {
            Self::Tone(tone) => tone.meaning(),
            Self::Data => "only read",
            Self::Arrow => "needs",
        }
    }
}

struct Page(String);

impl Page {
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _: std::fmt::Result = self.0.write_fmt(text);
        self.0.push('\n');
    }

    fn open(&mut self, picture: &Picture, width: f64, height: f64) {
        let (width, height) = (number(width.ceil()), number(height.ceil()));
        self.put(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">"
        ));
        self.put(format_args!("<title>{}</title>", escape(&picture.title)));
        self.put(format_args!("<style>{STYLE}</style>"));
        self.put(format_args!("<rect width=\"100%\" height=\"100%\" fill=\"#fbfcfd\"/>"));
        self.text((AROUND, AROUND + 14.0), &picture.title, "title", None);
        if let Some(note) = &picture.note {
            self.text((AROUND, AROUND + 14.0 + ROW), note, "faint", None);
        }
    }

    fn text(&mut self, (x, y): (f64, f64), text: &str, class: &str, width: Option<f64>) {
        let (x, y) = (number(x), number(y));
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        let fitted = match width {
            Some(width) => {
                format!(" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"", number(width))
            }
            None => String::new(),
        };
        self.put(format_args!(
            "<text x=\"{x}\" y=\"{y}\"{class}{fitted} xml:space=\"preserve\">{}</text>",
            escape(text)
        ));
    }

    /// Frames below lines below boxes.
    fn drawing(&mut self, picture: &Picture, drawn: &Layout, (x, y): (f64, f64)) {
        self.put(format_args!("<g transform=\"translate({} {})\">", number(x), number(y)));
        for (at, rect) in &drawn.frames {
            self.rect(rect, "class=\"frame\"", 8.0);
            let text = short(&picture.groups[*at].text);
            self.text((rect.x + layout::PADDING, rect.y + 16.0), &text, "faint", fitted(&text));
        }
        drawn.lines.iter().for_each(|line| self.line(line));
        for (at, rect) in &drawn.boxes {
            self.tile(&picture.boxes[*at], rect);
        }
        self.put(format_args!("</g>"));
    }

    fn rect(&mut self, rect: &Rect, looks: &str, round: f64) {
        let [x, y, width, height] = [rect.x, rect.y, rect.width, rect.height].map(number);
        self.put(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{}\" {looks}/>",
            number(round)
        ));
    }

    fn tile(&mut self, tile: &Tile, rect: &Rect) {
        let (fill, line) = tile.tone.colors();
        let dashes = if tile.data { " stroke-dasharray=\"4 3\"" } else { "" };
        self.put(format_args!("<g><title>{}</title>", escape(&tooltip(tile))));
        self.rect(rect, &format!("fill=\"{fill}\" stroke=\"{line}\"{dashes}"), 5.0);
        let label = short(&tile.label());
        self.text((rect.x + MARGIN, rect.y + layout::HEIGHT / 2.0 + 4.0), &label, "", fitted(&label));
        self.put(format_args!("</g>"));
    }

    fn line(&mut self, line: &Line) {
        let ((x, y), (to, end)) = (line.from, line.to);
        let stop = if line.arrow { to - (to - x).signum() * POINT } else { to };
        let path = if (y - end).abs() < 0.05 {
            format!("M{} {}H{}", number(x), number(y), number(stop))
        } else {
            let middle = number((x + stop) / 2.0);
            let [x, y, stop, end] = [x, y, stop, end].map(number);
            format!("M{x} {y}C{middle} {y} {middle} {end} {stop} {end}")
        };
        self.put(format_args!("<path class=\"line\" d=\"{path}\"/>"));
        if line.arrow {
            self.point((stop, end), to);
        }
    }

    fn point(&mut self, (from, y): (f64, f64), to: f64) {
        let [from, to, above, below, y] = [from, to, y - 3.5, y + 3.5, y].map(number);
        self.put(format_args!("<path class=\"point\" d=\"M{to} {y}L{from} {above}V{below}Z\"/>"));
    }

    fn legend(&mut self, legend: &[(Entry, f64, f64)], y: f64) {
        for (entry, _, x) in legend {
            let x = AROUND + x;
            let sample = Rect { x, y, width: 28.0, height: 16.0 };
            match entry {
                Entry::Tone(tone) => {
                    let (fill, line) = tone.colors();
                    self.rect(&sample, &format!("fill=\"{fill}\" stroke=\"{line}\""), 4.0);
                    let middle = x + 14.0 - columns(tone.symbol()) as f64 * COLUMN / 2.0;
                    self.text((middle, y + 12.0), tone.symbol(), "", None);
                }
                Entry::Data => {
                    self.rect(&sample, "fill=\"none\" stroke=\"#57606a\" stroke-dasharray=\"4 3\"", 4.0);
                }
                Entry::Arrow => {
                    self.line(&Line { from: (x + 28.0, y + 8.0), to: (x, y + 8.0), arrow: true });
                }
            }
            self.text((x + 36.0, y + 12.0), entry.text(), "faint", fitted(entry.text()));
        }
    }
}

fn tooltip(tile: &Tile) -> String {
    match tile.tone {
        Tone::Declared => tile.id.clone(),
        tone => format!("{}: {}", tile.id, tone.meaning()),
    }
}

fn fitted(text: &str) -> Option<f64> {
    Some(columns(text) as f64 * COLUMN)
}

/// A coordinate, to a tenth of a pixel.
fn number(of: f64) -> String {
    let text = format!("{of:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
