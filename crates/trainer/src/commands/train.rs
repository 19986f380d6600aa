//! `trainer train`

use models::Model;
use schedules::ScheduleConfig;

use crate::cli::TrainArguments;
use crate::config::{Backend, Head, Origin, Settings};
use crate::data::Inputs;
use crate::engine::{self, Compute, Start, start_model};
use crate::report::{Console, RunDirectory, RunEvent};

use super::fork::Parent;
use super::prepare::{Prepared, prepare};
use super::training::Training;
use super::{Failure, backend, find_lr, horizon, resume};

pub(super) fn run(arguments: &TrainArguments) -> Result<(), Failure> {
    let console = Console {
        json: arguments.json,
    };
    if let Some(run) = &arguments.resume {
        return resume::run(run, arguments, console);
    }
    let named = arguments.fork.as_deref().map(Parent::named).transpose()?;
    let layers = match &named {
        Some(parent) => parent.layers(arguments)?,
        None => arguments.settings.layers_without_rate()?,
    };
    let mut prepared = prepare(layers, console)?;
    let parent = match (named, &prepared.resolved.settings.fork) {
        (None, Some(fork)) => Some(Parent::find(fork)?),
        (named, _) => named,
    };
    let flex = engine::open(Backend::Flex)?;
    let images = prepared.dataset.train.images();
    let start = start_model(&prepared.resolved.settings, images, &flex.device)?;

    let compute = backend::open(&prepared, console)?;
    prepared.resolved.settings.backend = compute.backend;
    let found_rate = match (arguments.settings.finds_rate(), &parent) {
        (true, None) => Some(find_lr::find_for(&mut prepared, &compute, console)?),
        (true, Some(_)) => return Err(find_lr::refuse_fork().into()),
        (false, _) => None,
    };
    let state = parent.as_ref().map(Parent::state);
    horizon::settle(&mut prepared, &compute, state, console)?;
    if let (Some(fork), Some(state)) = (&mut prepared.resolved.settings.fork, state) {
        fork.update = Some(state.updates);
    }
    echo(&prepared, &start.model, &compute, console);
    echo_start(&prepared, &start, console);
    let fork = parent
        .as_ref()
        .map(|parent| parent.fork(&prepared, &compute));
    let fork = fork.transpose()?;
    if let Some(fork) = &fork {
        fork.echo(&compute, console);
    }

    let settings = &prepared.resolved.settings;
    let name = arguments.name.as_deref();
    let directory = RunDirectory::create(&arguments.runs, name, &stem(settings))?;
    // The settings last, which make it a run.
    let inputs = Inputs::new(prepared.dataset.train.images(), &settings.data);
    directory.save_inputs(&inputs)?;
    directory.save_found_rate(found_rate.as_ref())?;
    let from = fork.as_ref().map(|fork| fork.begin(settings, &directory));
    let from = from.transpose()?;
    directory.save_settings(settings)?;
    let training = Training {
        prepared: &prepared,
        compute: &compute,
        directory: &directory,
        from: from.as_ref(),
        beginning: match &fork {
            Some(fork) => fork.event(),
            None => started(&prepared, &compute),
        },
        tensorboard: arguments.tensorboard,
        tui: arguments.tui,
        console,
    };
    training.run()
}

fn started(prepared: &Prepared, compute: &Compute) -> RunEvent {
    RunEvent::Started {
        updates: prepared.plan.updates,
        updates_per_epoch: prepared.plan.updates_per_epoch,
        backend: compute.backend.name().to_owned(),
    }
}

/// What the run will do, and who said so.
pub(super) fn echo(prepared: &Prepared, model: &Model, compute: &Compute, console: Console) {
    let settings = &prepared.resolved.settings;
    let layers = &prepared.resolved.layers;
    let dataset = &prepared.dataset;
    let images = dataset.train.images();
    console.status(
        "data",
        format_args!(
            "{}: {} training, {} validation and {} test images of {}, {} classes",
            settings.data.source.name(),
            dataset.train.len(),
            dataset.validation.len(),
            dataset.test.len(),
            images.shape(),
            images.classes(),
        ),
    );
    if !settings.data.augment.is_off() {
        console.status("augment", settings.data.augment);
    }
    let parameters = model.parameter_count();
    let model = settings.model.name();
    console.status("model", format_args!("{model}, {parameters} parameters"));
    let rule = settings.optimizer.rule.name();
    let origin = match layers.origin("optimizer.lr") {
        Origin::Default => format!("default for {rule} with {model}"),
        origin => origin.to_string(),
    };
    console.status(
        "optimizer",
        format_args!(
            "{rule}, peak learning rate {} ({origin})",
            settings.optimizer.lr
        ),
    );
    console.status(
        "schedule",
        format_args!(
            "{} ({})",
            describe(&settings.schedule),
            layers.origin("schedule.kind")
        ),
    );
    console.status(
        "length",
        format_args!(
            "{}{} updates of {} images, {} an epoch ({})",
            match settings.train.length.time() {
                Some(_) => format!("{}, planned with ", settings.train.length),
                None => String::new(),
            },
            prepared.plan.updates,
            settings.data.batch_size as u64 * u64::from(settings.train.accumulate),
            prepared.plan.updates_per_epoch,
            layers.origin("train.length"),
        ),
    );
    console.status(
        "backend",
        format_args!("{} on {}", compute.backend.name(), compute.name),
    );
}

/// Where the first weights come from, and which of them stay, for a run that is not all drawn and all learned.
fn echo_start(prepared: &Prepared, start: &Start, console: Console) {
    let settings = &prepared.resolved.settings;
    let classes = prepared.dataset.train.images().classes();
    if let Some(path) = &settings.model.start.init {
        let head = match (settings.model.start.head, start.replaced_classes) {
            (Head::Init, _) => String::new(),
            (Head::New, None) => "; the head is new".to_owned(),
            (Head::New, Some(theirs)) => {
                format!("; the head is new, for {classes} classes instead of {theirs}")
            }
        };
        console.status("weights", format_args!("{}{head}", path.display()));
    }
    let freeze = &settings.model.start.freeze;
    if !freeze.is_empty() {
        let parameters = start.model.parameters();
        let frozen = |name: &str| freeze.iter().any(|pattern| name.contains(pattern));
        let frozen = parameters.iter().filter(|each| frozen(&each.name));
        let values: usize = frozen.map(|each| each.values).sum();
        let all: usize = parameters.iter().map(|each| each.values).sum();
        console.status(
            "frozen",
            format_args!("{values} of {all} parameters: {}", freeze.join(", ")),
        );
    }
    let decay = settings.optimizer.layer_decay;
    if decay != 1.0 {
        let layers = start.model.layers().len();
        console.status(
            "layers",
            format_args!(
                "{layers}; the learning rate is the head's times {decay} from one to the one below, {:.3} at the input",
                decay.powf(layers as f64 - 1.0)
            ),
        );
    }
}

/// The schedule as its keys say it: `cosine, floor 0.01, warmup 5%`; what the kind means anyway goes without saying.
fn describe(schedule: &ScheduleConfig) -> String {
    let keys = |schedule: &ScheduleConfig| serde_json::to_value(schedule).unwrap_or_default();
    let plain = ScheduleConfig::default_of(schedule.kind()).map(|plain| keys(&plain));
    let plain = plain.unwrap_or_default();
    let mut text = schedule.kind().to_owned();
    for (key, value) in keys(schedule).as_object().into_iter().flatten() {
        if plain[key] != *value {
            text.push_str(format!(", {key} {}", brief(value)).trim_end());
        }
    }
    text
}

/// A value without quotation marks; of a table, its kind.
fn brief(value: &serde_json::Value) -> String {
    use serde_json::Value;

    match value {
        Value::String(text) => text.clone(),
        Value::Object(keys) => keys.get("kind").map_or_else(String::new, brief),
        Value::Array(values) => values.iter().map(brief).collect::<Vec<_>>().join(" "),
        value => value.to_string(),
    }
}

/// Where no name is given.
fn stem(settings: &Settings) -> String {
    let data = settings.data.source.name();
    let model = settings.model.name();
    format!("{data}-{model}-{}", settings.schedule.kind())
}
