//! Our model, optimizer and schedule in Burn's own training loop: the example checks its own result.

#[path = "../examples/02_stock_learner.rs"]
mod example;

#[test]
fn the_stock_learner_trains_our_model_on_our_schedule() {
    example::main().unwrap();
}
