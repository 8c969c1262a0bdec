use cancel_std::cancelable;

#[cancelable(timeout = "2")]
async fn no_unit() {}

#[cancelable(timeout = 2)]
async fn number() {}

#[cancelable(timeout = 1.5)]
async fn float() {}

#[cancelable(timeout = "2 seconds")]
async fn unknown_unit() {}

#[cancelable(timeout = "-1s")]
async fn negative() {}

#[cancelable(timeout = "")]
async fn empty() {}

#[cancelable(timeout = "soon")]
async fn words() {}

#[cancelable(timeout = "20000000000000000000s")]
async fn too_long() {}

#[cancelable(grace = "0.5ns")]
async fn too_fine() {}

#[cancelable(deadline = "2s")]
async fn moment() {}

#[cancelable(condition = (|| true, "0s"))]
async fn no_interval() {}

#[cancelable(condition = (|| true,))]
async fn half_a_condition() {}

fn main() {}
