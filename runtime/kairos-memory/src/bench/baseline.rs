//! The baseline: BM25 (k1 1.2, b 0.75) over lower-case words, nothing stemmed, nothing dropped.

use std::collections::HashMap;

pub struct Plain {
    postings: HashMap<String, Vec<(usize, f32)>>,
    lens: Vec<f32>,
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

impl Plain {
    pub fn new<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut plain = Self { postings: HashMap::new(), lens: vec![] };
        for (at, text) in texts.enumerate() {
            let words = words(text);
            plain.lens.push(words.len() as f32);
            for word in words {
                let list = plain.postings.entry(word).or_default();
                match list.last_mut() {
                    Some((last, count)) if *last == at => *count += 1.0,
                    _ => list.push((at, 1.0)),
                }
            }
        }
        plain
    }

    pub fn scores(&self, query: &str) -> Vec<f32> {
        let n = self.lens.len() as f32;
        let mean = self.lens.iter().sum::<f32>() / n.max(1.0);
        let mut scores = vec![0.0; self.lens.len()];
        for list in words(query).iter().filter_map(|word| self.postings.get(word)) {
            let held = list.len() as f32;
            let rare = ((n - held + 0.5) / (held + 0.5) + 1.0).ln();
            for (at, count) in list {
                scores[*at] += rare * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * self.lens[*at] / mean));
            }
        }
        scores
    }
}
