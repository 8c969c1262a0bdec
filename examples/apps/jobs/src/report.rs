//! A slow request: its work is an operation, and so ends with the client's patience.

use crate::board::Board;
use cancel_smol::{Cancelable, Cancelled};

/// Puts together what the registry knows, which takes its time.
///
/// If the client leaves, the server drops this future, and with it the run: the operation is
/// *cancelled*, with reason *dropped*, and is in the list like that.
pub(crate) async fn report(board: &Board, steps: u64) -> Result<String, Cancelled> {
    let op = Cancelable::new()
        .name("GET /report")
        .metadata("kind", "request")
        .register(board.registry());
    op.run(async |cx| {
        for step in 0..steps {
            cx.progress(step, steps);
            cx.sleep(board.config().pace).await;
        }
        cx.progress(steps, steps);
        write(board)
    })
    .await
}

fn write(board: &Board) -> String {
    let statistics = board.registry().statistics();
    let mut text = format!(
        "running now: {}\ncompleted:   {}\ncancelled:   {}\nfailed:      {}\n",
        statistics.running(),
        statistics.completed(),
        statistics.cancelled(),
        statistics.failed(),
    );
    if let Some(average) = statistics.average_duration() {
        text += &format!("on average:  {:.1} s\n", average.as_secs_f64());
    }
    text
}
