use cancel_std::{Cancelable, Cx, cancelable};

#[cancelable]
async fn two(a: &Cx, b: &Cx) {}

#[cancelable]
async fn two_marks(#[inject] a: &Cx, #[inject] b: &Cx) {}

#[cancelable]
async fn builder(cx: &Cancelable) {}

#[cancelable]
async fn mutable(cx: &mut Cx) {}

#[cancelable]
async fn named<'a>(cx: &'a Cx, text: &'a str) {}

#[cancelable]
async fn arguments(#[inject(now)] cx: &Cx) {}

struct Server;

impl Server {
    #[cancelable]
    async fn marked_self(#[inject] &self) {}
}

fn main() {}
