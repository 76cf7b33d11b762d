//! What a server answers, as plain text.

use rmcp::model::{ContentBlock, ResourceContents};

/// Most bytes of one answer.
pub(super) const MAX_TEXT: usize = 64 << 10;

/// All of it that is text; the rest is named.
pub(super) fn of_blocks(blocks: &[ContentBlock]) -> String {
    let one = |block: &ContentBlock| match block {
        ContentBlock::Text(text) => text.text.clone(),
        ContentBlock::Image(image) => format!("[an image, {}, left out]", image.mime_type),
        ContentBlock::Audio(audio) => format!("[a sound, {}, left out]", audio.mime_type),
        ContentBlock::Resource(embedded) => of_resource(&embedded.resource),
        ContentBlock::ResourceLink(link) => format!("[{}: {}]", link.name, link.uri),
        _ => "[something of a kind that is not known here]".into(),
    };
    shortened(blocks.iter().map(one).collect::<Vec<_>>().join("\n"))
}

pub(super) fn of_resource(resource: &ResourceContents) -> String {
    match resource {
        ResourceContents::TextResourceContents { text, .. } => text.clone(),
        ResourceContents::BlobResourceContents { uri, .. } => format!("[{uri} is no text, and left out]"),
        _ => "[something of a kind that is not known here]".into(),
    }
}

pub(super) fn shortened(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        let all = text.len();
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        text += &format!("\n[{} bytes more are left out]", all - text.len());
    }
    text
}
