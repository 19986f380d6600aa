//! A learning-rate schedule in a loop of your own: warm-up, then a cosine, then a resume at any update.
//!
//!     cargo run --release --example 01_schedule

use schedules::prelude::*;

fn main() -> Result<(), ScheduleError> {
    let mut lr = Cosine::new(100).floor(0.01).warmup_within(5).peak(3e-3)?;

    print!("{}", lr.preview(0..100));

    // One call for each optimizer update, just before it.
    let rates: Vec<f64> = (0..100).map(|_| lr.step()).collect();
    for update in [0, 4, 5, 50, 99] {
        println!("update {update:>3}  learning rate {:.6}", rates[update]);
    }
    assert!(rates[5] == 3e-3, "after the warm-up comes the peak");
    assert!(rates[99] < 3.1e-5, "the cosine ends at a hundredth of it");

    // A schedule is a function of the update number, so it can be asked about any update, and moved to one.
    assert!(lr.rate_at(50) == rates[50]);
    lr.seek(50);
    assert!(lr.step() == rates[50]);
    Ok(())
}
