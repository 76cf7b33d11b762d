//! Logistic regression with a ridge, in its dual form: far fewer cases than features.
//!
//! What is liked and what is disliked are learnt together: each has weights of its own beside those they share.

/// The ridge. Between 3 and 20 the figure on people left out is much the same.
const RIDGE: f64 = 10.0;
/// How readily a disliked thing's end is believed without any sign.
const BIAS: f64 = 9.0;
/// Newton's steps; it settles in about eight.
const STEPS: usize = 25;

/// Something that was changed or came to its end.
pub struct Case {
    pub features: Vec<f64>,
    pub disliked: bool,
    pub ended: bool,
}

impl Case {
    fn kernel(&self, other: &Self) -> f64 {
        let dot: f64 = self.features.iter().zip(&other.features).map(|(a, b)| a * b).sum();
        let both = if self.disliked && other.disliked { BIAS } else { 0.0 };
        both + dot * if self.disliked == other.disliked { 2.0 } else { 1.0 }
    }
}

pub struct Fitted {
    weights: [Vec<f64>; 2],
    always: [f64; 2],
}

impl Fitted {
    pub fn weights(&self, disliked: bool) -> &[f64] {
        &self.weights[usize::from(disliked)]
    }

    pub fn always(&self, disliked: bool) -> f64 {
        self.always[usize::from(disliked)]
    }
}

/// By Newton's method, each step a weighted least squares.
pub fn fit(cases: &[&Case]) -> Fitted {
    let count = cases.len();
    let kernel: Vec<Vec<f64>> = cases.iter().map(|a| cases.iter().map(|b| a.kernel(b)).collect()).collect();
    let (mut parts, mut bias) = (vec![0.0; count], 0.0);
    for _ in 0..STEPS {
        let (mut left, mut right, mut ones) = (kernel.clone(), vec![0.0; count], vec![1.0; count]);
        for (at, case) in cases.iter().enumerate() {
            let score: f64 = bias + kernel[at].iter().zip(&parts).map(|(k, a)| k * a).sum::<f64>();
            let likely = 1.0 / (1.0 + (-score).exp());
            let weight = (likely * (1.0 - likely)).max(1e-5);
            right[at] = score + (f64::from(u8::from(case.ended)) - likely) / weight;
            left[at][at] += RIDGE / weight;
        }
        solve(&mut left, &mut right, &mut ones);
        let next = right.iter().sum::<f64>() / ones.iter().sum::<f64>();
        let new: Vec<f64> = right.iter().zip(&ones).map(|(r, one)| r - next * one).collect();
        let moved = new.iter().zip(&parts).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        (parts, bias) = (new, next);
        if moved < 1e-6 {
            break;
        }
    }
    let sum = |disliked: bool, at: usize| -> f64 {
        let share = |case: &Case| if case.disliked == disliked { 2.0 } else { 1.0 };
        cases.iter().zip(&parts).map(|(case, part)| part * share(case) * case.features[at]).sum()
    };
    let features = cases.first().map_or(0, |case| case.features.len());
    let weights = [false, true].map(|disliked| (0..features).map(|at| sum(disliked, at)).collect());
    let more: f64 = BIAS * cases.iter().zip(&parts).filter(|(case, _)| case.disliked).map(|(_, part)| part).sum::<f64>();
    Fitted { weights, always: [bias, bias + more] }
}

/// Gauss's elimination of a symmetric, positive definite matrix for two right sides, in place.
fn solve(left: &mut [Vec<f64>], first: &mut [f64], second: &mut [f64]) {
    let count = left.len();
    for row in 0..count {
        let (above, below) = left.split_at_mut(row + 1);
        let pivot = &above[row];
        for (at, other) in (row + 1..).zip(below) {
            let factor = other[row] / pivot[row];
            other[row..].iter_mut().zip(&pivot[row..]).for_each(|(o, p)| *o -= factor * p);
            first[at] -= factor * first[row];
            second[at] -= factor * second[row];
        }
    }
    for row in (0..count).rev() {
        for side in [&mut *first, &mut *second] {
            let known: f64 = (row + 1..count).map(|at| left[row][at] * side[at]).sum();
            side[row] = (side[row] - known) / left[row][row];
        }
    }
}
