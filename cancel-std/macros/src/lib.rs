//! The attribute `#[cancelable]`, which `cancel-std` and its adapters hand on with their feature
//! `macros`. Depend on those.

mod duration;

mod arguments;

mod function;

mod expand;

use proc_macro::TokenStream;

/// docs
#[proc_macro_attribute]
pub fn cancelable(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expanded(arguments, item, "cancel_std")
}

/// docs
#[proc_macro_attribute]
pub fn cancelable_smol(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expanded(arguments, item, "cancel_smol")
}

fn expanded(arguments: TokenStream, item: TokenStream, default: &str) -> TokenStream {
    let expansion = expand::cancelable(arguments.into(), item.into(), default);
    expansion.unwrap_or_else(|errors| errors).into()
}
