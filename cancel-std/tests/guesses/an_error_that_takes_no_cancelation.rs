//! anyio: cancelation is an exception among others.

use cancel_std::Cancelable;

fn main() {
    let _ = Cancelable::new().try_run(async |_| -> Result<(), std::num::ParseIntError> {
        "1".parse::<u32>()?;
        Ok(())
    });
}
