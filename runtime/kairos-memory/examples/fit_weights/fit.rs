//! Fits the weights between the signs, and says what they earn on conversations they have not seen.
//!
//! ListNet (Cao et al. 2007): the cross entropy between the evidence, spread evenly, and the softmax of the turns' scores, with
//! a ridge; full gradient, Adam. Few weights, many questions: what can be overfitted is the choice of signs, not the weights.

use kairos_memory::bench::data::{BEAM, Conversation, LOCOMO};
use kairos_memory::bench::recall;
use kairos_memory::recall::{COUNT, Evidence, SIGNS, Weights, top};

const STEPS: usize = 250;
const RIDGE: f32 = 0.002;

pub fn run(conversations: &[Conversation], evidence: &[Vec<Evidence>], standing: &Weights) {
    let all: Vec<usize> = (0..conversations.len()).collect();
    let fitted = fit(conversations, evidence, &all, [true; COUNT]);
    println!("\nfitted on all: {}", show(&fitted));
    println!("in-sample {}", scores(conversations, evidence, &all, &fitted));
    let mut held = String::new();
    for without in held_out(conversations, evidence, [true; COUNT], &mut held) {
        println!("{without}");
    }
    println!("leave one conversation out {held}");
    println!("as it stands               {}", scores(conversations, evidence, &all, &standing.turn));
    for (sign, name) in SIGNS.iter().enumerate() {
        let mut used = [true; COUNT];
        used[sign] = false;
        let weights = fit(conversations, evidence, &all, used);
        println!("without {name:16} {}", scores(conversations, evidence, &all, &weights));
    }
}

fn show(weights: &[f32; COUNT]) -> String {
    SIGNS.iter().zip(weights).map(|(sign, w)| format!("{sign} {w:.2}")).collect::<Vec<_>>().join(", ")
}

/// Mean figures: each conversation scored by weights fitted on the others.
fn held_out(
    conversations: &[Conversation],
    evidence: &[Vec<Evidence>],
    used: [bool; COUNT],
    summary: &mut String,
) -> Vec<String> {
    let mut total = Tally::default();
    let mut lines = vec![];
    for left in 0..conversations.len() {
        let rest: Vec<usize> = (0..conversations.len()).filter(|at| *at != left).collect();
        let weights = fit(conversations, evidence, &rest, used);
        total.add(&conversations[left], &evidence[left], &weights);
        lines.push(format!("without {} {}: {}", conversations[left].set, conversations[left].name, show(&weights)));
    }
    *summary = total.show();
    lines
}

fn scores(conversations: &[Conversation], evidence: &[Vec<Evidence>], which: &[usize], weights: &[f32; COUNT]) -> String {
    let mut tally = Tally::default();
    which.iter().for_each(|at| tally.add(&conversations[*at], &evidence[*at], weights));
    tally.show()
}

#[derive(Default)]
struct Tally {
    locomo: (f64, f64, f64),
    beam: (f64, f64),
}

impl Tally {
    fn add(&mut self, c: &Conversation, evidence: &[Evidence], weights: &[f32; COUNT]) {
        let weights = Weights { turn: *weights, ..Weights::default() };
        for (question, evidence) in c.questions.iter().zip(evidence) {
            let found = top(&weights.turn_scores(evidence), 20).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
            let ten = recall(&found[..found.len().min(10)], &question.evidence);
            if c.set == BEAM {
                self.beam.0 += ten;
                self.beam.1 += 1.0;
            } else {
                self.locomo.0 += ten;
                self.locomo.1 += recall(&found, &question.evidence);
                self.locomo.2 += 1.0;
            }
        }
    }

    fn show(&self) -> String {
        let share = |sum: f64, n: f64| 100.0 * sum / n.max(1.0);
        let (ten, twenty, n) = self.locomo;
        format!(
            "LoCoMo turn R@10 {:.1} R@20 {:.1}, BEAM R@10 {:.1}",
            share(ten, n),
            share(twenty, n),
            share(self.beam.0, self.beam.1)
        )
    }
}

fn fit(conversations: &[Conversation], evidence: &[Vec<Evidence>], which: &[usize], used: [bool; COUNT]) -> [f32; COUNT] {
    let mut weights = [0.0_f32; COUNT];
    let (mut first, mut second) = ([0.0_f32; COUNT], [0.0_f32; COUNT]);
    let count = |set: &str| which.iter().filter(|at| conversations[**at].set == set).map(|at| evidence[*at].len()).sum::<usize>();
    let (locomo, beam) = (count(LOCOMO).max(1) as f32, count(BEAM).max(1) as f32);
    for step in 1..=STEPS {
        let mut gradient = [0.0_f32; COUNT];
        for at in which {
            // Each set counts half, however many questions it has.
            let share = if conversations[*at].set == BEAM { 0.5 / beam } else { 0.5 / locomo };
            for (question, evidence) in conversations[*at].questions.iter().zip(&evidence[*at]) {
                descend(evidence, &question.evidence, &weights, share, &mut gradient);
            }
        }
        for i in (0..COUNT).filter(|i| used[*i]) {
            let g = gradient[i] + RIDGE * weights[i];
            first[i] = 0.9 * first[i] + 0.1 * g;
            second[i] = 0.99 * second[i] + 0.01 * g * g;
            let (m, v) = (first[i] / (1.0 - 0.9_f32.powi(step as i32)), second[i] / (1.0 - 0.99_f32.powi(step as i32)));
            weights[i] -= 0.1 * m / (v.sqrt() + 1e-8);
        }
    }
    weights
}

fn descend(evidence: &Evidence, wanted: &[u32], weights: &[f32; COUNT], share: f32, gradient: &mut [f32; COUNT]) {
    let dot = |signs: &[f32; COUNT]| signs.iter().zip(weights).map(|(s, w)| s * w).sum::<f32>();
    let scores: Vec<f32> = evidence.turns.iter().map(dot).collect();
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    let powers: Vec<f32> = scores.iter().map(|s| (s - most).exp()).collect();
    let total: f32 = powers.iter().sum();
    for (signs, power) in evidence.turns.iter().zip(&powers) {
        let p = share * power / total;
        gradient.iter_mut().zip(signs).for_each(|(g, s)| *g += p * s);
    }
    let each = share / wanted.len() as f32;
    for id in wanted {
        gradient.iter_mut().zip(&evidence.turns[*id as usize]).for_each(|(g, s)| *g -= each * s);
    }
}
