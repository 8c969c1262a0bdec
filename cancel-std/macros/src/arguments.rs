//! What stands in the brackets: `timeout = "2s", name = "slow"`.

use crate::duration;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, ExprLit, Lit, LitStr, Path, Token};

const KEYS: &str = "`name`, `timeout`, `deadline`, `token`, `signals`, `condition`, `source`, \
    `parent`, `child_of`, `runtime`, `grace`, `observer`, `register`, `setup`, `crate`";

/// Checked, and in the order in which they were written.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) krate: Option<Path>,
    pub(crate) base: Option<(Base, Expr)>,
    pub(crate) name: Option<Expr>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) setup: Option<Expr>,
}

/// What the operation is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    Runtime,
    Parent,
    ChildOf,
}

/// Values of the right shape.
pub(crate) enum Limit {
    Timeout(TokenStream),
    Deadline(TokenStream),
    Grace(TokenStream),
    Token(TokenStream),
    Signals(TokenStream),
    Source(TokenStream),
    Condition(TokenStream),
    Predicate {
        predicate: TokenStream,
        interval: TokenStream,
        description: Option<TokenStream>,
    },
    Observer(TokenStream),
    Register(TokenStream),
    RegisterGlobally(Span),
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Arguments::default();
        let mut seen = Vec::new();
        let mut errors: Option<Error> = None;
        while !input.is_empty() {
            // After a syntax error nobody knows where the next one begins. Others are collected.
            let (key, value) = pair(input)?;
            if let Err(error) = arguments.add(&key, value, &mut seen) {
                match &mut errors {
                    Some(errors) => errors.combine(error),
                    None => errors = Some(error),
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        errors.map_or(Ok(arguments), Err)
    }
}

enum Value {
    None,
    Path(Path),
    Expr(Expr),
}

fn pair(input: ParseStream<'_>) -> syn::Result<(Ident, Value)> {
    let Ok(key) = input.call(Ident::parse_any) else {
        let message = "expected `key = value`, such as `timeout = \"2s\"`";
        return Err(input.error(message));
    };
    if !input.peek(Token![=]) {
        // An unknown key is the more helpful thing to say.
        known(&key)?;
        if key == "register" && (input.is_empty() || input.peek(Token![,])) {
            return Ok((key, Value::None));
        }
        let message = format!("`{key}` needs a value: `{key} = ...`");
        return Err(Error::new(key.span(), message));
    }
    input.parse::<Token![=]>()?;
    let value = match key == "crate" {
        true => Value::Path(input.call(Path::parse_mod_style)?),
        false => Value::Expr(bare(input.parse()?)),
    };
    Ok((key, value))
}

/// What a `macro_rules!` hands over as `$value:expr` comes in an invisible group. Taken out where that
/// cannot change what belongs together.
fn bare(expr: Expr) -> Expr {
    match expr {
        Expr::Group(group) => match bare(*group.expr) {
            inner @ (Expr::Lit(_) | Expr::Path(_) | Expr::Tuple(_)) => inner,
            inner => Expr::Group(syn::ExprGroup {
                attrs: group.attrs,
                group_token: group.group_token,
                expr: Box::new(inner),
            }),
        },
        Expr::Tuple(mut tuple) => {
            tuple.elems = tuple.elems.into_iter().map(bare).collect();
            Expr::Tuple(tuple)
        }
        other => other,
    }
}

fn known(key: &Ident) -> syn::Result<()> {
    let quoted = format!("`{key}`");
    if KEYS.split(", ").any(|known| known == quoted) {
        return Ok(());
    }
    let message = format!("unknown key `{key}`; there are {KEYS}");
    Err(Error::new(key.span(), message))
}

impl Arguments {
    fn add(&mut self, key: &Ident, value: Value, seen: &mut Vec<String>) -> syn::Result<()> {
        known(key)?;
        let name = key.to_string();
        let additive = [
            "token",
            "signals",
            "condition",
            "source",
            "observer",
            "register",
        ];
        if seen.contains(&name) && !additive.contains(&&*name) {
            return Err(Error::new(key.span(), format!("`{name}` is given twice")));
        }
        seen.push(name.clone());
        let value = match value {
            Value::Path(path) => {
                self.krate = Some(path);
                return Ok(());
            }
            Value::None => {
                self.limits.push(Limit::RegisterGlobally(key.span()));
                return Ok(());
            }
            Value::Expr(expr) => expr,
        };
        match &*name {
            "name" => self.name = Some(value),
            "timeout" => self.limits.push(Limit::Timeout(time(value)?)),
            "grace" => self.limits.push(Limit::Grace(time(value)?)),
            "deadline" => self.limits.push(Limit::Deadline(moment(value)?)),
            "token" => self.limits.push(Limit::Token(quote!(#value))),
            "signals" => self.limits.push(Limit::Signals(quote!(#value))),
            "source" => self.limits.push(Limit::Source(quote!(#value))),
            "condition" => self.limits.push(condition(value)?),
            "observer" => self.limits.push(Limit::Observer(quote!(#value))),
            "register" => self.limits.push(Limit::Register(quote!(#value))),
            "setup" => self.setup = Some(value),
            "runtime" => self.found(key, Base::Runtime, value)?,
            "parent" => self.found(key, Base::Parent, value)?,
            "child_of" => self.found(key, Base::ChildOf, value)?,
            other => unreachable!("{other} is not among the known keys"),
        }
        Ok(())
    }

    /// The parameter that is given as the parent, so that it is not the operation: of `parent`,
    /// `&parent`, `parent.clone()`.
    pub(crate) fn parent_name(&self) -> Option<Ident> {
        let (_, value) = self
            .base
            .as_ref()
            .filter(|(base, _)| *base != Base::Runtime)?;
        let mut value = value;
        loop {
            value = match value {
                Expr::Reference(reference) => &reference.expr,
                Expr::Paren(paren) => &paren.expr,
                Expr::MethodCall(call) => &call.receiver,
                Expr::Path(path) => return path.path.get_ident().cloned(),
                _ => return None,
            }
        }
    }

    fn found(&mut self, key: &Ident, base: Base, value: Expr) -> syn::Result<()> {
        if self.base.is_some() {
            let message = "only one of `runtime`, `parent` and `child_of` can be given: an \
                operation has one parent, and that one's runtime";
            return Err(Error::new(key.span(), message));
        }
        self.base = Some((base, value));
        Ok(())
    }
}

/// A duration: a string with units, or an expression.
fn time(value: Expr) -> syn::Result<TokenStream> {
    let Expr::Lit(ExprLit { lit, .. }) = &value else {
        return Ok(quote!(#value));
    };
    let text = match lit {
        Lit::Str(text) => text,
        other => return Err(no_time(other)),
    };
    let duration = literal(text)?;
    let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
    Ok(quote_spanned! { mixed(text.span())=>
        ::core::time::Duration::new(#seconds, #nanoseconds)
    })
}

fn literal(text: &LitStr) -> syn::Result<std::time::Duration> {
    duration::parse(&text.value()).map_err(|message| Error::new(text.span(), message))
}

fn no_time(lit: &Lit) -> Error {
    let example = match lit {
        Lit::Int(number) => number.base10_digits(),
        Lit::Float(number) => number.base10_digits(),
        _ => "2",
    };
    let message = format!(
        "a time needs a unit: write \"{example}s\" for seconds, or an expression of type `Duration`"
    );
    Error::new(lit.span(), message)
}

fn moment(value: Expr) -> syn::Result<TokenStream> {
    if let Expr::Lit(ExprLit { lit, .. }) = &value {
        let message = "a deadline is a moment on the runtime's clock, such as `Std.now() + \
            Duration::from_secs(5)`; for a time from the start on there is `timeout`";
        return Err(Error::new(lit.span(), message));
    }
    Ok(quote!(#value))
}

fn condition(value: Expr) -> syn::Result<Limit> {
    let Expr::Tuple(tuple) = value else {
        return Ok(Limit::Condition(quote!(#value)));
    };
    let wrong = Error::new_spanned(
        &tuple,
        "a condition is `(predicate, interval)`, `(predicate, interval, description)`, or an \
         expression of type `Condition`",
    );
    let mut parts = tuple.elems.into_iter();
    let (Some(predicate), Some(interval), description, None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(wrong);
    };
    if let Expr::Lit(ExprLit {
        lit: Lit::Str(text),
        ..
    }) = &interval
    {
        if literal(text)?.is_zero() {
            let message = "the interval between two checks is zero; it has to be longer";
            return Err(Error::new(text.span(), message));
        }
    }
    Ok(Limit::Predicate {
        predicate: quote!(#predicate),
        interval: time(interval)?,
        description: description.map(|text| quote!(#text)),
    })
}

/// Where the errors point, with names that the caller's do not meet.
pub(crate) fn mixed(span: Span) -> Span {
    Span::mixed_site().located_at(span)
}
