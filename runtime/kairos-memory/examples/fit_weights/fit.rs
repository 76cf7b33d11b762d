//! Fits the weights between the signs, and says what they earn on conversations they have not seen.
//!
//! ListNet (Cao et al. 2007): the cross entropy between the evidence, spread evenly, and the softmax of the turns' scores, with
//! a ridge; full gradient, Adam. Few weights, many questions: what can be overfitted is the choice of signs, not the weights.

use kairos_memory::bench::chats::{BEAM, Conversation, LOCOMO};
use kairos_memory::bench::recall;
use kairos_memory::recall::{COUNT, Evidence, SIGNS, Weights, top};

const STEPS: usize = 200;
/// Conversations are held out in this many groups, each with some of either set.
const FOLDS: usize = 5;
/// Turns of a question that the fit looks at, beside the evidence: the rest is far behind under any weights.
const RIVALS: usize = 100;
const RIDGE: f32 = 0.002;

/// For each conversation and question, the turns that the fit looks at.
type Rivals = Vec<Vec<Vec<u32>>>;

/// What is fitted on.
struct Data<'a> {
    conversations: &'a [Conversation],
    evidence: &'a [Vec<Evidence>],
    rivals: Rivals,
}

pub fn run(conversations: &[Conversation], evidence: &[Vec<Evidence>], standing: &Weights, only: Option<&str>) {
    let rivals = conversations
        .iter()
        .zip(evidence)
        .map(|(c, of)| c.questions.iter().zip(of).map(|(q, e)| rivals(e, &q.evidence, standing)).collect())
        .collect();
    let data = &Data { conversations, evidence, rivals };
    let all: Vec<usize> = (0..conversations.len()).collect();
    let fitted = fit(data, &all, [true; COUNT]);
    println!("\nfitted on all: {}", show(&fitted));
    println!("in-sample {}", scores(data, &all, &fitted));
    println!("held out                   {}", held_out(data, [true; COUNT]));
    println!("as it stands               {}", scores(data, &all, &standing.turn));
    for sign in (0..COUNT).filter(|sign| fitted[*sign] != 0.0 && only.is_none_or(|only| only.contains(SIGNS[*sign]))) {
        let mut used = [true; COUNT];
        used[sign] = false;
        println!("  and without {:16} {}", SIGNS[sign], held_out(data, used));
    }
}

fn show(weights: &[f32; COUNT]) -> String {
    SIGNS.iter().zip(weights).map(|(sign, w)| format!("{sign} {w:.2}")).collect::<Vec<_>>().join(", ")
}

/// Mean figures: every fold's conversations scored by weights fitted on those of the others.
fn held_out(data: &Data<'_>, used: [bool; COUNT]) -> String {
    let mut total = Tally::default();
    for fold in 0..FOLDS {
        let rest: Vec<usize> = (0..data.conversations.len()).filter(|at| at % FOLDS != fold).collect();
        let weights = fit(data, &rest, used);
        (fold..data.conversations.len())
            .step_by(FOLDS)
            .for_each(|at| total.add(&data.conversations[at], &data.evidence[at], &weights));
    }
    total.show()
}

fn scores(data: &Data<'_>, which: &[usize], weights: &[f32; COUNT]) -> String {
    let mut tally = Tally::default();
    which.iter().for_each(|at| tally.add(&data.conversations[*at], &data.evidence[*at], weights));
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

fn rivals(evidence: &Evidence, wanted: &[u32], standing: &Weights) -> Vec<u32> {
    let mut turns: Vec<u32> = top(&standing.turn_scores(evidence), RIVALS).into_iter().map(|(turn, _)| turn).collect();
    turns.extend(wanted);
    turns.sort_unstable();
    turns.dedup();
    turns
}

fn fit(data: &Data<'_>, which: &[usize], used: [bool; COUNT]) -> [f32; COUNT] {
    let mut weights = [0.0_f32; COUNT];
    let (mut first, mut second) = ([0.0_f32; COUNT], [0.0_f32; COUNT]);
    let Data { conversations, evidence, rivals } = data;
    let count = |set: &str| which.iter().filter(|at| conversations[**at].set == set).map(|at| evidence[*at].len()).sum::<usize>();
    let (locomo, beam) = (count(LOCOMO).max(1) as f32, count(BEAM).max(1) as f32);
    for step in 1..=STEPS {
        let mut gradient = [0.0_f32; COUNT];
        for at in which {
            // Each set counts half, however many questions it has.
            let share = if conversations[*at].set == BEAM { 0.5 / beam } else { 0.5 / locomo };
            for ((question, evidence), rivals) in conversations[*at].questions.iter().zip(&evidence[*at]).zip(&rivals[*at]) {
                descend(evidence, rivals, &question.evidence, &weights, share, &mut gradient);
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

fn descend(evidence: &Evidence, rivals: &[u32], wanted: &[u32], weights: &[f32; COUNT], share: f32, gradient: &mut [f32; COUNT]) {
    let signs = |turn: &u32| &evidence.turns[*turn as usize];
    let scores: Vec<f32> = rivals.iter().map(|turn| signs(turn).iter().zip(weights).map(|(s, w)| s * w).sum()).collect();
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    let powers: Vec<f32> = scores.iter().map(|s| (s - most).exp()).collect();
    let total: f32 = powers.iter().sum();
    for (turn, power) in rivals.iter().zip(&powers) {
        let p = share * power / total;
        gradient.iter_mut().zip(signs(turn)).for_each(|(g, s)| *g += p * s);
    }
    let each = share / wanted.len() as f32;
    for turn in wanted {
        gradient.iter_mut().zip(signs(turn)).for_each(|(g, s)| *g -= each * s);
    }
}
