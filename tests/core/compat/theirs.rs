//! Against tokio-util.

mod token {
    pub(super) use tokio_util::sync::*;
}

include!("interface.rs");
include!("behaviour.rs");
