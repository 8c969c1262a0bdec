//! A slow request: its work is an operation, and so ends with the client's patience.

use crate::board::{Board, Refusal};
use cancel_smol::{Cancelable, Cancelled};

/// Puts together what the registry knows, which takes its time.
///
/// If the client leaves, the server drops this future, and with it the run: the operation is
/// *cancelled*, with reason *dropped*, and is in the list like that.
///
/// # Errors
///
/// If the board takes no more; and, inside, if the work was cancelled while the client waited.
pub(crate) async fn report(
    board: &Board,
    steps: u64,
) -> Result<Result<String, Cancelled>, Refusal> {
    let op = Cancelable::new()
        .name("GET /report")
        .metadata("kind", "request");
    let (op, _place) = board.enter(op)?;
    let run = op.run(async |cx| {
        for step in 0..steps {
            cx.progress(step, steps);
            cx.sleep(board.config().pace).await;
        }
        cx.progress(steps, steps);
        write(board)
    });
    Ok(run.await)
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
