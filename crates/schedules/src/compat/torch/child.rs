//! A scheduler inside another one.

use super::link::{Group, Link, Obstacle, Rule};
use super::{
    ChainedScheduler, ConstantLR, CosineAnnealingLR, CosineAnnealingWarmRestarts, CyclicLR,
    ExponentialLR, LambdaLR, LinearLR, MultiStepLR, MultiplicativeLR, OneCycleLR, PolynomialLR,
    SWALR, SequentialLR, StepLR,
};
use crate::ScheduleError;

macro_rules! children {
    ($($(#[$attribute:meta])* $name:ident),+ $(,)?) => {
        /// A scheduler inside a [`SequentialLR`] or a [`ChainedScheduler`], or in front of [`SWALR`].
        ///
        /// Made from any of them with `into`. In a config it is `type` and `params`, without those that need a function.
        #[derive(Clone, Debug, PartialEq)]
        #[cfg_attr(
            feature = "serde",
            derive(serde::Serialize, serde::Deserialize),
            serde(tag = "type", content = "params")
        )]
        #[non_exhaustive]
        pub enum Child {
            $(
                #[doc = concat!("See [`", stringify!($name), "`].")]
                $(#[$attribute])*
                $name($name),
            )+
        }

        $(
            impl From<$name> for Child {
                fn from(child: $name) -> Self {
                    Self::$name(child)
                }
            }
        )+
    };
}

children!(
    StepLR,
    MultiStepLR,
    ConstantLR,
    LinearLR,
    ExponentialLR,
    PolynomialLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    OneCycleLR,
    #[cfg_attr(feature = "serde", serde(skip))]
    LambdaLR,
    #[cfg_attr(feature = "serde", serde(skip))]
    MultiplicativeLR,
    SequentialLR,
    ChainedScheduler,
    SWALR,
);

impl Child {
    /// What it consists of: several only if they step together.
    ///
    /// `nested` counts the sequences that it is the first of: their constructors have stepped what is inside it.
    pub(super) fn links(&self, group: Group, nested: u64) -> Result<Vec<Link>, Obstacle> {
        match self {
            Self::ChainedScheduler(child) => child.links(group, nested),
            child => Ok(vec![child.link(group, nested)?]),
        }
    }

    /// The same as one.
    pub(super) fn link(&self, group: Group, nested: u64) -> Result<Link, Obstacle> {
        let link = match self {
            Self::StepLR(child) => child.link(),
            Self::MultiStepLR(child) => child.link(),
            Self::ConstantLR(child) => child.link(),
            Self::LinearLR(child) => child.link(),
            Self::ExponentialLR(child) => child.link(),
            Self::PolynomialLR(child) => child.link(),
            Self::CosineAnnealingLR(child) => child.link(group),
            Self::CosineAnnealingWarmRestarts(child) => child.link(group),
            Self::CyclicLR(child) => child.link(group),
            Self::OneCycleLR(child) => child.link(group),
            Self::LambdaLR(child) => child.link(group),
            Self::MultiplicativeLR(child) => child.link(group),
            Self::SWALR(child) => child.link(group),
            Self::SequentialLR(child) => return child.link(group, nested),
            Self::ChainedScheduler(child) => {
                let joined = Link::joined(child.links(group, nested)?)?;
                return Ok(Link::new(joined, Rule::Moves));
            }
        };
        Ok(link?)
    }

    /// Whether it consists of others.
    pub(super) fn is_composed(&self) -> bool {
        matches!(self, Self::SequentialLR(_) | Self::ChainedScheduler(_))
    }

    /// The group's initial rate after its construction; `first` says whether it is the first to be constructed.
    pub(super) fn initial(&self, group: Group, first: bool) -> Result<f64, ScheduleError> {
        match self {
            Self::OneCycleLR(child) => child.initial(group),
            Self::CyclicLR(child) if first => child.initial(group),
            Self::SequentialLR(child) => Self::initial_of_all(&child.schedulers, group, first),
            Self::ChainedScheduler(child) => Self::initial_of_all(&child.schedulers, group, first),
            _ => Ok(group.base_lr),
        }
    }

    fn initial_of_all(children: &[Self], group: Group, first: bool) -> Result<f64, ScheduleError> {
        let mut children = children.iter().enumerate();
        children.try_fold(group.base_lr, |base_lr, (index, child)| {
            child.initial(Group { base_lr, ..group }, first && index == 0)
        })
    }

    /// The links of children that are constructed one after another, as ratios of the group's base rate, and the
    /// ratio of the initial rate that the last one leaves to the one that the first has found.
    pub(super) fn all_links(
        children: &[Self],
        group: Group,
        nested: impl Fn(usize) -> u64,
    ) -> Result<(Vec<Vec<Link>>, f64), Obstacle> {
        if children.is_empty() {
            let allowed = "must have at least one entry";
            return Err(ScheduleError::missing("schedulers", allowed).into());
        }
        let (mut all, mut initials) = (Vec::new(), Vec::new());
        let mut base_lr = group.base_lr;
        for (index, child) in children.iter().enumerate() {
            let part = format!("schedulers[{index}]");
            let found = Group { base_lr, ..group };
            let initial = child.initial(found, index == 0);
            base_lr = initial.map_err(|error| error.below(&part))?;
            let own = Group { base_lr, ..group };
            let links = child.links(own, nested(index));
            let links = links.map_err(|obstacle| obstacle.below(&part))?;
            let ratio = base_lr / group.base_lr;
            all.push(links.into_iter().map(|link| link.scaled(ratio)).collect());
            initials.push(base_lr);
        }
        Ok((all, base_lr / initials[0]))
    }
}
