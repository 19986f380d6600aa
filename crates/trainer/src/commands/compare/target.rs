//! The shortest budget for a target, of every strategy.

use schedules::Horizon;

use super::workbench::Workbench;
use super::{Failure, check};
use crate::analysis::{Ladder, Rung, Search, TimeToTarget};
use crate::config::{Case, ConfigError, Target};
use crate::engine::Plan;
use crate::report::describe_rung;

/// Without another limit, budgets are tried up to so many times the run's length.
const LONGEST: u64 = 10;

/// Tries budgets until the shortest is known, those of all strategies at the same time.
pub(super) fn search(
    workbench: &mut Workbench<'_>,
    target: &Target,
) -> Result<TimeToTarget, Failure> {
    let experiment = workbench.experiment;
    let cases = &experiment.cases;
    let mut searches = Vec::with_capacity(cases.len());
    for case in cases {
        let ladder = ladder(workbench, case, target)?;
        let ends = ladder.ends().map(|updates| case.lasting(updates));
        check(&ends, workbench.datasets)?;
        searches.push(Search::new(&case.condition, &case.strategy, ladder));
    }
    workbench.console.status(
        "experiment",
        format_args!(
            "{} strategies, budgets 1.25 times apart until the shortest that is enough is known",
            cases.len()
        ),
    );
    loop {
        let next: Vec<(usize, u64)> = searches
            .iter()
            .enumerate()
            .filter_map(|(index, search)| Some((index, search.next()?)))
            .collect();
        if next.is_empty() {
            return Ok(TimeToTarget::of(
                target.goal,
                &experiment.baseline,
                &searches,
            ));
        }
        let planned = next.iter();
        let planned: Vec<Case> = planned
            .map(|(index, updates)| cases[*index].lasting(*updates))
            .collect();
        let records = workbench.records(&planned)?;
        for ((index, updates), records) in next.into_iter().zip(&records) {
            let rung = Rung::of(target.goal, updates, records);
            let case = &cases[index];
            workbench.console.status(
                "tried",
                format_args!(
                    "{}, {}: {}",
                    case.condition,
                    case.strategy,
                    describe_rung(target.goal, &rung)
                ),
            );
            searches[index].tell(rung);
        }
    }
}

/// The budgets of `case`, of which its length is tried first.
fn ladder(workbench: &Workbench<'_>, case: &Case, target: &Target) -> Result<Ladder, Failure> {
    let settings = &case.resolved.settings;
    let plan = Plan::new(settings, workbench.datasets.of(&settings.data)?.train.len())?;
    let first = plan.updates;
    let longest = match target.longest {
        None => LONGEST * first,
        Some(span) => Horizon::new(first, plan.updates_per_epoch).resolve(span),
    };
    if longest < first {
        let message = format!(
            "compare.target.longest is {longest} updates, and train.length, which is tried first, is {first}"
        );
        return Err(ConfigError::new(message)
            .hint("a shorter train.length, or a longer target.longest")
            .into());
    }
    Ok(Ladder::new(first, longest))
}
