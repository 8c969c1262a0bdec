use cancel_std::{Cancelable, cancelable};

#[cancelable]
async fn two(a: &Cancelable, b: &Cancelable) {}

#[cancelable]
async fn two_marks(#[inject] a: &Cancelable, #[inject] b: &Cancelable) {}

#[cancelable]
async fn by_value(#[inject] cx: Cancelable) {}

#[cancelable]
async fn mutable(cx: &mut Cancelable) {}

#[cancelable]
async fn named<'a>(cx: &'a Cancelable, text: &'a str) {}

#[cancelable]
async fn arguments(#[inject(now)] cx: &Cancelable) {}

struct Server;

impl Server {
    #[cancelable]
    async fn marked_self(#[inject] &self) {}
}

fn main() {}
