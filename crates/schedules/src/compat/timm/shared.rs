//! What timm's schedulers have in common.

/// `build` and `build_groups` of a scheduler, from its `schedule` for a base rate.
macro_rules! builders {
    ($name:ident) => {
        impl $name {
            /// The scheduler of one parameter group.
            ///
            /// # Errors
            /// The first argument out of its range.
            pub fn build(&self, base_lr: f64) -> Result<Scheduler, ScheduleError> {
                ParamGroup::from(base_lr).scheduler(|base_lr| self.schedule(base_lr))
            }

            /// The schedulers of several parameter groups.
            ///
            /// # Errors
            /// The first argument out of its range.
            pub fn build_groups(
                &self,
                groups: &[ParamGroup],
            ) -> Result<Vec<Scheduler>, ScheduleError> {
                ParamGroup::schedulers(groups, |base_lr| self.schedule(base_lr))
            }
        }
    };
}

/// The same of one with a warm-up that may come before the rest or over its beginning.
macro_rules! warmed {
    ($name:ident) => {
        $crate::compat::timm::shared::builders!($name);

        impl $name {
            fn warm_up(&self) -> $crate::compat::timm::warm_up::WarmUp {
                $crate::compat::timm::warm_up::WarmUp {
                    warmup_t: self.warmup_t,
                    warmup_lr_init: self.warmup_lr_init,
                    warmup_prefix: self.warmup_prefix,
                }
            }
        }
    };
}

/// The same of one with cycles.
macro_rules! cycled {
    ($name:ident) => {
        $crate::compat::timm::shared::warmed!($name);

        /// What a config without `t_initial` gets, which `build` refuses.
        #[cfg(feature = "serde")]
        fn without_length() -> $name {
            $name::new(0)
        }

        impl $name {
            /// The number of updates of so many cycles, 0 for all, and of a warm-up in front of them.
            pub fn get_cycle_length(&self, cycles: u64) -> u64 {
                let prefix = if self.warmup_prefix { self.warmup_t } else { 0 };
                let cycles = self.cycles().get_cycle_length(cycles);
                cycles.saturating_add(prefix)
            }

            fn cycles(&self) -> Cycles {
                Cycles {
                    t_initial: self.t_initial,
                    cycle_mul: self.cycle_mul,
                    cycle_decay: self.cycle_decay,
                    cycle_limit: self.cycle_limit,
                }
            }
        }
    };
}

pub(super) use {builders, cycled, warmed};
