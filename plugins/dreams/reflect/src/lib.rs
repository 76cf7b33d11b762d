//! Asks a language model what to make of a day. It reads what is new by session ([`sheet`]), asks with a schema ([`ask`]), and takes
//! from the answer what has the form of an operation ([`answer`]). Whether it is true is for the host to judge, as with any
//! strategy. The README gives the reason of every constant.

mod answer;
mod ask;
mod sheet;

use kairos_plugin::Live;
use kairos_plugin::memory::{MAX_OPERATIONS, Memory, Operation};
use kairos_plugin::model::{Ending, Model};
use kairos_plugin::prelude::*;

/// Tokens that it asks for, within 24 hours.
const TOKENS_A_DAY: u32 = 20_000;

struct Reflect;

impl Dream for Reflect {
    fn describe() -> Description {
        describe!("Asks a language model what to learn from what was said and done, and what to put in order")
            .reads_memory("to show the model what is new, and the claims near to it")
            .asks_model(TOKENS_A_DAY, "to ask it what to learn from them")
    }

    fn dream(memory: &impl Memory) -> Result<Vec<Operation>, Error> {
        reflect(memory, &Live)
    }
}

fn reflect(memory: &impl Memory, model: &impl Model) -> Result<Vec<Operation>, Error> {
    let mut operations: Vec<Operation> = Vec::new();
    for (number, sheet) in sheet::sheets(memory)?.iter().enumerate() {
        let completion = match model.complete(&ask::prompt(sheet)) {
            Ok(completion) => completion,
            // What it has learnt so far is not lost.
            Err(e) if number > 0 => {
                log::warn(&format!("stopped after {number} questions: {}", e.message));
                break;
            }
            // Not to be granted a model is as good as to have none: this strategy can't do anything now, and is not at fault.
            Err(e) if e.code == ErrorCode::Denied => return Err(Error::new(ErrorCode::Unavailable, e.message)),
            Err(e) => return Err(e),
        };
        if completion.ending != Ending::Done {
            log::warn(&format!("the model did not finish its answer: {:?}", completion.ending));
            continue;
        }
        let (found, dropped) = answer::operations(&completion.text, sheet);
        if dropped > 0 {
            log::info(&format!("{dropped} proposals of {} had no proper form", completion.model));
        }
        for operation in found {
            // Small models repeat themselves.
            if !operations.iter().any(|known| known.change == operation.change) {
                operations.push(operation);
            }
        }
    }
    operations.truncate(MAX_OPERATIONS);
    Ok(operations)
}

kairos_plugin::dream!(Reflect);

#[cfg(test)]
mod tests;
