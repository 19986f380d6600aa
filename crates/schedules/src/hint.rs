//! Names that other libraries use, for a person who types one of them.

/// What other libraries call our keys.
const KEYS: &[(&str, &str)] = &[
    // A rise of its own comes before the warm-up that any kind may have in front.
    ("warmup_steps", "rise"),
    ("num_warmup_steps", "rise"),
    ("warmup", "rise"),
    ("warmup_ratio", "rise"),
    ("T_max", "length"),
    ("total_iters", "length"),
    ("total_steps", "length"),
    ("decay_steps", "length"),
    ("t_initial", "length"),
    ("num_training_steps", "length"),
    ("steps", "length"),
    ("step_size", "every"),
    ("decay_t", "every"),
    ("transition_steps", "every"),
    ("decay_steps", "every"),
    ("decay_rate", "gamma"),
    ("decay_rate", "decay"),
    ("factor", "gamma"),
    ("start_factor", "start"),
    ("end_factor", "end"),
    ("alpha", "floor"),
    ("min_lr_rate", "floor"),
    ("eta_min", "min_lr"),
    ("lr_min", "min_lr"),
    ("lr_end", "min_lr"),
    ("warmup_steps", "warmup"),
    ("warmup_t", "warmup"),
    ("warmup_updates", "warmup"),
    ("num_warmup_steps", "warmup"),
    ("warmup_ratio", "warmup"),
    ("warmup_type", "warmup_curve"),
    ("transition_begin", "updates"),
    ("k_decay", "k"),
    ("boundaries", "milestones"),
    ("boundaries", "times"),
    ("interpolate_type", "interpolation"),
    ("anneal_strategy", "interpolation"),
    ("anneal_epochs", "length"),
    ("num_it", "length"),
    ("num_iter", "length"),
    ("step_mode", "sweep"),
    ("lb", "lower"),
    ("ub", "upper"),
    ("pct_start", "flat"),
    ("schedulers", "schedules"),
    ("decay_t", "milestones"),
    ("values", "ratios"),
    ("T_0", "first_cycle"),
    ("t_initial", "first_cycle"),
    ("first_decay_steps", "first_cycle"),
    ("T_mult", "multiplier"),
    ("t_mul", "multiplier"),
    ("cycle_mul", "multiplier"),
    ("cycle_decay", "peak_decay"),
    ("m_mul", "peak_decay"),
    ("cycle_limit", "cycles"),
    ("num_cycles", "cycles"),
    ("pct_start", "rise"),
    ("div_factor", "start"),
    ("final_div_factor", "end"),
    ("step_size_up", "up"),
    ("step_size_down", "down"),
    ("base_lr", "min_lr"),
    ("num_decay_steps", "decay"),
    ("decay_t", "decay"),
    ("decay_type", "anneal"),
    ("decay_fn", "anneal"),
    ("min_lr_ratio", "floor"),
    ("stable_timescale", "timescale"),
];

/// The key among `valid` that was meant by `given`.
pub(crate) fn key(given: &str, valid: &[String]) -> Option<String> {
    nearest(
        given,
        valid.iter().map(String::as_str),
        KEYS.iter().copied(),
    )
}

/// The name among `valid` that was meant by `given`: the peer's name for it, or another spelling, or a part of it.
pub(crate) fn nearest<'a>(
    given: &str,
    valid: impl Iterator<Item = &'a str> + Clone,
    mut peers: impl Iterator<Item = (&'a str, &'a str)>,
) -> Option<String> {
    let given = plain(given);
    let peer = peers
        .find(|(peer, name)| plain(peer) == given && valid.clone().any(|valid| valid == *name));
    let same = || valid.clone().find(|valid| plain(valid) == given);
    let longer = || {
        valid
            .clone()
            .filter(|valid| given.starts_with(&plain(valid)))
            .max_by_key(|valid| valid.len())
    };
    let shorter = || {
        valid
            .clone()
            .find(|valid| given.len() >= 3 && plain(valid).starts_with(&given))
    };
    let name = peer
        .map(|(_, name)| name)
        .or_else(same)
        .or_else(longer)
        .or_else(shorter)?;
    Some(format!("did you mean `{name}`?"))
}

/// Without case and punctuation: `CosineAnnealingLR`, `cosine-annealing-lr` and `cosine_annealing_lr` are one name.
fn plain(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_spellings_parts_and_peers() {
        let valid = ["cosine", "cosine_restarts", "step"];
        let peers = [
            ("SGDR", "cosine_restarts"),
            ("CosineAnnealingWarmRestarts", "cosine_restarts"),
        ];
        let hint = |given| nearest(given, valid.into_iter(), peers.into_iter());
        let meant = |name: &str| Some(format!("did you mean `{name}`?"));
        assert_eq!(hint("Cosine"), meant("cosine"));
        assert_eq!(hint("cosine-restarts"), meant("cosine_restarts"));
        assert_eq!(
            hint("CosineAnnealingWarmRestarts"),
            meant("cosine_restarts")
        );
        assert_eq!(hint("CosineAnnealingLR"), meant("cosine"));
        assert_eq!(hint("CosineRestartsLR"), meant("cosine_restarts"));
        assert_eq!(hint("ste"), meant("step"));
        assert_eq!(hint("st"), None);
        assert_eq!(hint(""), None);
        assert_eq!(hint("linear"), None);
    }

    #[test]
    fn it_only_offers_what_is_valid() {
        assert_eq!(
            key("eta_min", &["min_lr".to_owned()]),
            Some("did you mean `min_lr`?".to_owned())
        );
        assert_eq!(key("eta_min", &["length".to_owned()]), None);
    }
}
