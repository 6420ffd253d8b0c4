//! A map of sizes as a picture: each part is a rectangle in that of its whole, as large as its bytes.
//!
//! Apart from the page that can be zoomed, because a picture has everything in it at once, and so leaves out what is too small to see.

use std::fmt::Write;

use inspect::size::Node;

const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 800.0;
/// Room for the label of a part that has parts.
const TITLE: f64 = 14.0;
/// Sides and areas below these are not drawn, in pixels.
const SIDE_MIN: f64 = 1.0;
const AREA_MIN: f64 = 12.0;

/// Where something is drawn.
#[derive(Clone, Copy)]
struct Rect {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// Draws a map.
pub fn draw(tree: &Node, title: &str) -> String {
    let mut svg = String::new();
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"10\">\n<title>{}</title>\n",
        escape(title)
    );
    let whole = Rect {
        x: 0.0,
        y: 0.0,
        width: WIDTH,
        height: HEIGHT,
    };
    draw_node(&mut svg, tree, whole, title, 0, 0);
    svg.push_str("</svg>\n");
    svg
}

/// Text that may stand in XML and HTML, within quotes too.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Not allowed in XML at all.
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The depth is that of the tree, which is bounded.
fn draw_node(svg: &mut String, node: &Node, rect: Rect, path: &str, depth: usize, hue: usize) {
    let Rect {
        x,
        y,
        width,
        height,
    } = rect;
    let light = (88 - 6 * depth.min(6)).max(50);
    let _ = write!(
        svg,
        "<g><title>{}: {} bytes</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
         fill=\"hsl({} 45% {light}%)\" stroke=\"#fff\" stroke-width=\"0.5\"/>",
        escape(path),
        node.bytes,
        hue * 47 % 360,
    );
    // Some 6 pixels a letter.
    let letters = (width / 6.0) as usize;
    if letters >= 4 && height >= TITLE {
        let label: String = match node.label.chars().count() <= letters {
            true => node.label.clone(),
            false => node.label.chars().take(letters - 1).chain(['…']).collect(),
        };
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x + 2.0,
            y + 10.5,
            escape(&label)
        );
    }
    svg.push_str("</g>\n");
    let inner = Rect {
        x: x + 1.0,
        y: y + TITLE,
        width: width - 2.0,
        height: height - TITLE - 1.0,
    };
    if node.parts.is_empty() || inner.width < SIDE_MIN || inner.height < SIDE_MIN {
        return;
    }
    let scale = inner.width * inner.height / node.bytes.max(1) as f64;
    // Parts are sorted: behind the first that is too small, all are.
    let large = node
        .parts
        .partition_point(|part| part.bytes as f64 * scale >= AREA_MIN);
    let parts = &node.parts[..large];
    let areas: Vec<f64> = parts.iter().map(|part| part.bytes as f64 * scale).collect();
    for (i, (part, rect)) in parts.iter().zip(squarify(&areas, inner)).enumerate() {
        if rect.width >= SIDE_MIN && rect.height >= SIDE_MIN {
            let path = match depth {
                0 => part.label.clone(),
                _ => format!("{path} / {}", part.label),
            };
            let hue = if depth == 0 { i } else { hue };
            draw_node(svg, part, rect, &path, depth + 1, hue);
        }
    }
}

/// Cuts a rectangle into ones of given areas, largest first, each as near to a square as can be: rows along the shorter side, which
/// grow while that makes them squarer (Bruls, Huizing and van Wijk).
fn squarify(areas: &[f64], mut rect: Rect) -> Vec<Rect> {
    let mut rects = Vec::with_capacity(areas.len());
    let mut start = 0;
    while start < areas.len() {
        let side = rect.width.min(rect.height);
        let (mut end, mut sum, mut worst) = (start, 0.0, f64::INFINITY);
        while end < areas.len() {
            let with = sum + areas[end];
            let ratio = |area: f64| {
                let ratio = side * side * area / (with * with);
                ratio.max(1.0 / ratio)
            };
            let new = ratio(areas[start]).max(ratio(areas[end]));
            if new > worst {
                break;
            }
            (worst, sum) = (new, with);
            end += 1;
        }
        let end = end.max(start + 1);
        let thick = if side > 0.0 { sum / side } else { 0.0 };
        let mut along = 0.0;
        for area in &areas[start..end] {
            let length = if thick > 0.0 { area / thick } else { 0.0 };
            rects.push(match rect.width < rect.height {
                true => Rect {
                    x: rect.x + along,
                    y: rect.y,
                    width: length,
                    height: thick,
                },
                false => Rect {
                    x: rect.x,
                    y: rect.y + along,
                    width: thick,
                    height: length,
                },
            });
            along += length;
        }
        match rect.width < rect.height {
            true => {
                rect.y += thick;
                rect.height -= thick;
            }
            false => {
                rect.x += thick;
                rect.width -= thick;
            }
        }
        start = end;
    }
    rects
}

#[cfg(test)]
mod tests {
    use super::{Rect, escape, squarify};

    #[test]
    fn parts_fill_their_whole() {
        let whole = Rect {
            x: 0.0,
            y: 0.0,
            width: 6.0,
            height: 4.0,
        };
        let areas = [6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0];
        let rects = squarify(&areas, whole);
        for (rect, area) in rects.iter().zip(areas) {
            assert!((rect.width * rect.height - area).abs() < 1e-9);
            assert!(rect.x >= -1e-9 && rect.x + rect.width <= 6.0 + 1e-9);
            assert!(rect.y >= -1e-9 && rect.y + rect.height <= 4.0 + 1e-9);
            assert!((rect.width / rect.height).max(rect.height / rect.width) < 4.0);
        }
    }

    #[test]
    fn names_are_no_markup() {
        assert_eq!(
            escape("<a href=\"x\">&'\u{7}"),
            "&lt;a href=&quot;x&quot;&gt;&amp;&#39;\u{fffd}"
        );
    }
}
