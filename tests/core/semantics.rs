//! FEATURES A1-A16, A20.

mod accepts;
mod callbacks;
mod causes;
mod children;
mod ends;
mod exports;
mod follow;
mod futures;
mod guards;
mod identity;
mod in_place;
mod origin;
// Without `std` a second panic aborts, as documented.
#[cfg(feature = "std")]
mod panics;
mod races;
mod registrations;
mod sizes;
mod streams;
mod tree;
