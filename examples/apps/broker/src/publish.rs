//! The side that cancels.

use crate::message::{channel, write};
use cancel_smol::Cause;
use redis::{AsyncTypedCommands, Client, RedisResult};

/// Asks for the cancelation of all operations of this name, in whatever process.
///
/// # Returns
///
/// How many listen. Zero: nobody does, and nobody will hear of it later.
///
/// # Errors
///
/// If Redis cannot be reached.
///
/// # Cancel safety
///
/// If it is dropped, the request may have been made or not.
pub async fn cancel(client: &Client, name: &str, cause: impl Into<Cause>) -> RedisResult<usize> {
    let text = write(&cause.into());
    let mut connection = client.get_multiplexed_async_connection().await?;
    connection.publish(channel(name), text).await
}
