//! Futures and handles dropped in every state and order.

mod futures;
mod orders;
