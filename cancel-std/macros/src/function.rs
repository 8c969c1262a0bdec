//! The function that the attribute stands on: what it is, which parameter is its context, what
//! it returns.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Error, FnArg, Meta, Pat, Path, PathArguments, ReturnType, Signature, Token,
    TraitBound, Type, TypeInfer, Visibility,
};

/// As it was written. Its body is not looked into.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let signature: Signature = match is_function(input) {
            true => input.parse()?,
            false => return Err(input.error("`#[cancelable]` belongs on a function")),
        };
        if input.peek(Token![;]) {
            let message = "this function has no body that could be run: `#[cancelable]` belongs \
                on the implementation. Here, declare what callers see: without the context, \
                returning `Result<_, Cancelled>` or the function's own `Result`";
            return Err(Error::new_spanned(signature, message));
        }
        let body: Group = match input.parse()? {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => group,
            other => {
                return Err(Error::new(
                    other.span(),
                    "expected the body of the function",
                ));
            }
        };
        let inside = |input: ParseStream<'_>| {
            Ok((
                input.call(Attribute::parse_inner)?,
                input.parse::<TokenStream>()?,
            ))
        };
        let (inner, rest) = inside.parse2(body.stream())?;
        attributes.extend(inner.into_iter().map(|attribute| Attribute {
            style: syn::AttrStyle::Outer,
            ..attribute
        }));
        let mut content = Group::new(Delimiter::Brace, rest);
        content.set_span(body.span());
        Ok(Function {
            attributes,
            visibility,
            signature,
            body: content,
        })
    }
}

fn is_function(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    while ahead.peek(Token![const])
        || ahead.peek(Token![async])
        || ahead.peek(Token![unsafe])
        || ahead.peek(Token![extern])
        || ahead.peek(syn::LitStr)
    {
        if ahead.parse::<TokenTree>().is_err() {
            return false;
        }
    }
    ahead.peek(Token![fn])
}

/// Functions that cannot be run as operations.
pub(crate) fn check(signature: &Signature) -> syn::Result<()> {
    if let Some(token) = &signature.constness {
        let message = "a `const fn` cannot be cancelable: it may have to run at compile time";
        return Err(Error::new_spanned(token, message));
    }
    if let Some(token) = &signature.unsafety {
        let message = "an `unsafe fn` cannot be cancelable: its callers' promises would have to \
            hold for a body that may be dropped at any await; put the unsafe part into a function \
            of its own";
        return Err(Error::new_spanned(token, message));
    }
    if let Some(abi) = &signature.abi {
        let message = "an `extern` function cannot be cancelable: what it returns would change";
        return Err(Error::new_spanned(abi, message));
    }
    let ReturnType::Type(_, output) = &signature.output else {
        return Ok(());
    };
    if matches!(bare(output), Type::Never(_)) {
        let message = "a cancelable function returns when it is cancelled; for one that never \
            does so by itself, write `-> Infallible`";
        return Err(Error::new_spanned(output, message));
    }
    if signature.asyncness.is_none() && returns_future(output) {
        let message = "the future that this function returns would not be cancelable: make it an \
            `async fn`. (In an `#[async_trait]` implementation every `async fn` becomes such a \
            function before `#[cancelable]` sees it: mark a method outside, and call that.)";
        return Err(Error::new_spanned(output, message));
    }
    Ok(())
}

fn returns_future(output: &Type) -> bool {
    struct Search(bool);
    impl VisitMut for Search {
        fn visit_trait_bound_mut(&mut self, bound: &mut TraitBound) {
            self.0 |= ends_in(&bound.path, &["Future", "IntoFuture"]);
        }
    }
    let mut search = Search(false);
    search.visit_type_mut(&mut output.clone());
    search.0
}

/// The parameter that callers do not give.
pub(crate) struct Injected {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) pattern: Pat,
    /// Its type, without the reference.
    pub(crate) cx: Type,
    /// Whether it is a reference.
    pub(crate) borrowed: bool,
}

/// Takes the injected parameter out of the signature, if there is one.
/// One of the name `callers` is not.
pub(crate) fn inject(
    signature: &mut Signature,
    callers: Option<&Ident>,
) -> syn::Result<Option<Injected>> {
    let marked = position(signature, |arg| attributes(arg).iter().any(is_mark))?;
    let index = match marked {
        Some(index) => Some(index),
        None => position(signature, |arg| is_cx(arg) && !is_named(arg, callers))?,
    };
    let Some(index) = index else {
        if let Some(builder) = signature.inputs.iter().find(|arg| is_builder(arg)) {
            let message = "the function gets the context of its operation: `cx: &Cx`. (A `Cancelable` \
                is an operation that is being set up.)";
            return Err(Error::new_spanned(builder, message));
        }
        return Ok(None);
    };
    let mut inputs: Vec<FnArg> = std::mem::take(&mut signature.inputs).into_iter().collect();
    let FnArg::Typed(parameter) = inputs.remove(index) else {
        unreachable!("receivers have no type to tell by, and cannot be marked");
    };
    signature.inputs = Punctuated::from_iter(inputs);
    for attribute in parameter
        .attrs
        .iter()
        .filter(|attribute| is_mark(attribute))
    {
        if !matches!(attribute.meta, Meta::Path(_)) {
            return Err(Error::new_spanned(attribute, "it is just `#[inject]`"));
        }
    }
    let (cx, borrowed) = match bare(&parameter.ty) {
        Type::Reference(reference) => {
            if let Some(mutability) = &reference.mutability {
                let message = "an injected context is a shared reference, `&Cx`, or a `Cx`";
                return Err(Error::new_spanned(mutability, message));
            }
            if let Some(lifetime) = reference.lifetime.as_ref().filter(|name| name.ident != "_") {
                let message =
                    "an injected context is borrowed for this call only: leave out the lifetime";
                return Err(Error::new_spanned(lifetime, message));
            }
            ((*reference.elem).clone(), true)
        }
        owned => (owned.clone(), false),
    };
    Ok(Some(Injected {
        cx,
        borrowed,
        attributes: parameter
            .attrs
            .into_iter()
            .filter(|attribute| !is_mark(attribute))
            .collect(),
        pattern: *parameter.pat,
    }))
}

/// The one parameter of which this is true.
fn position(signature: &Signature, is: impl Fn(&FnArg) -> bool) -> syn::Result<Option<usize>> {
    let mut found = signature
        .inputs
        .iter()
        .enumerate()
        .filter(|(_, arg)| is(arg));
    let Some((index, first)) = found.next() else {
        return Ok(None);
    };
    if let Some((_, second)) = found.next() {
        let message = match attributes(first).iter().any(is_mark) {
            true => "only one parameter can be injected",
            false => {
                "two parameters could be the context: mark the one that callers do not \
                give with `#[inject]`"
            }
        };
        return Err(Error::new_spanned(second, message));
    }
    if let FnArg::Receiver(receiver) = first {
        return Err(Error::new_spanned(receiver, "`self` cannot be injected"));
    }
    Ok(Some(index))
}

fn attributes(arg: &FnArg) -> &[Attribute] {
    match arg {
        FnArg::Receiver(receiver) => &receiver.attrs,
        FnArg::Typed(parameter) => &parameter.attrs,
    }
}

fn is_mark(attribute: &Attribute) -> bool {
    attribute.path().is_ident("inject")
}

/// Takes away what only this attribute knows.
pub(crate) fn unmark(signature: &mut Signature) {
    for arg in &mut signature.inputs {
        match arg {
            FnArg::Receiver(receiver) => receiver.attrs.retain(|attribute| !is_mark(attribute)),
            FnArg::Typed(parameter) => parameter.attrs.retain(|attribute| !is_mark(attribute)),
        }
    }
}

/// `&Cx` or `Cx`, with or without its runtime, under any path.
fn is_cx(arg: &FnArg) -> bool {
    let FnArg::Typed(parameter) = arg else {
        return false;
    };
    let ty = match bare(&parameter.ty) {
        Type::Reference(reference) => bare(&reference.elem),
        owned => owned,
    };
    matches!(ty, Type::Path(path) if ends_in(&path.path, &["Cx"]))
}

/// `&Cancelable`: meant is a `&Cx`.
fn is_builder(arg: &FnArg) -> bool {
    let FnArg::Typed(parameter) = arg else {
        return false;
    };
    let Type::Reference(reference) = bare(&parameter.ty) else {
        return false;
    };
    matches!(bare(&reference.elem), Type::Path(path) if ends_in(&path.path, &["Cancelable"]))
}

fn is_named(arg: &FnArg, name: Option<&Ident>) -> bool {
    match arg {
        FnArg::Typed(parameter) => match &*parameter.pat {
            Pat::Ident(pattern) => Some(&pattern.ident) == name,
            _ => false,
        },
        FnArg::Receiver(_) => false,
    }
}

/// What the function returns, and what callers get of it.
pub(crate) struct Returned {
    /// A `Result`, to which cancelations are added; another type becomes a value in one.
    pub(crate) fallible: bool,
    /// As written.
    pub(crate) outside: TokenStream,
    /// For the body: what cannot be named there is left to inference.
    pub(crate) inside: Type,
}

pub(crate) fn returned(output: &ReturnType) -> Returned {
    let ty = match output {
        ReturnType::Default => Type::Tuple(syn::TypeTuple {
            paren_token: Default::default(),
            elems: Punctuated::new(),
        }),
        ReturnType::Type(_, ty) => (**ty).clone(),
    };
    let fallible = match bare(&ty) {
        Type::Path(path) => ends_in(&path.path, &["Result"]),
        _ => false,
    };
    let outside = ty.to_token_stream();
    let mut inside = ty;
    Infer.visit_type_mut(&mut inside);
    Returned {
        fallible,
        outside,
        inside,
    }
}

/// `impl Trait` becomes `_`.
struct Infer;

impl VisitMut for Infer {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        match ty {
            Type::ImplTrait(hidden) => {
                let token = Token![_](hidden.impl_token.span);
                *ty = Type::Infer(TypeInfer {
                    underscore_token: token,
                });
            }
            _ => visit_mut::visit_type_mut(self, ty),
        }
    }
}

/// Without parentheses, visible or not.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        other => other,
    }
}

fn ends_in(path: &Path, names: &[&str]) -> bool {
    path.segments.last().is_some_and(|last| {
        let plain = !matches!(last.arguments, PathArguments::Parenthesized(_));
        plain && names.iter().any(|name| last.ident == name)
    })
}
