//! The picture of the timeline as PNG: the same SVG, drawn with a font of our own, so that it looks alike on every machine.

use std::sync::Arc;

use resvg::{tiny_skia, usvg};

/// Pixels a point of the picture: sharp on the screens of today, and in print.
const SCALE: f32 = 2.0;
/// A font that has every sign the picture uses.
const FONT: &str = "DejaVu Sans";

/// Why a picture could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum DrawPicture {
    /// The picture is no SVG: a fault of lifeboat.
    #[error("the timeline's picture cannot be read")]
    Svg(#[from] usvg::Error),
    /// It has no size, or one that no memory holds.
    #[error("the timeline's picture is too large to be drawn: {0} x {1} pixels")]
    Size(u32, u32),
    /// It cannot be written as PNG.
    #[error("the timeline's picture cannot be written as PNG: {0}")]
    Encode(String),
}

/// Draws a picture; the same one gives the same bytes.
pub(super) fn draw(svg: &str) -> Result<Vec<u8>, DrawPicture> {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(dejavu::sans::regular().to_vec());
    fonts.load_font_data(dejavu::sans::bold().to_vec());
    fonts.set_sans_serif_family(FONT);
    let options = usvg::Options { font_family: FONT.to_owned(), fontdb: Arc::new(fonts), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options)?;
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or(DrawPicture::Size(0, 0))?;
    let pixmap = tiny_skia::Pixmap::new(size.width(), size.height());
    let mut pixmap = pixmap.ok_or(DrawPicture::Size(size.width(), size.height()))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(SCALE, SCALE), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|error| DrawPicture::Encode(error.to_string()))
}
