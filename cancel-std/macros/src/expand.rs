//! What the attribute makes of a function.

use crate::arguments::{Arguments, Base, Limit, mixed};
use crate::function::{self, Function, Injected, Returned};
use proc_macro2::{Group, Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, Lit, Path, Signature};

pub(crate) fn cancelable(
    arguments: TokenStream,
    item: TokenStream,
    default: &str,
) -> Result<TokenStream, TokenStream> {
    let function: Function = syn::parse2(item.clone()).map_err(|error| {
        // As it is: whatever it is, it may be right.
        let error = error.to_compile_error();
        quote!(#error #item)
    })?;
    let arguments: syn::Result<Arguments> = syn::parse2(arguments);
    let checked = function::check(&function.signature);
    let mut signature = function.signature.clone();
    let injected = function::inject(
        &mut signature,
        arguments
            .as_ref()
            .ok()
            .and_then(Arguments::parent_name)
            .as_ref(),
    );
    let krate = match &arguments {
        Ok(Arguments {
            krate: Some(path), ..
        }) => path.clone(),
        _ => default_crate(default),
    };
    let returned = function::returned(&signature.output);
    signature.output = outside(&krate, &returned);
    match (arguments, checked, injected) {
        (Ok(arguments), Ok(()), Ok(injected)) => {
            let parts = Parts {
                krate,
                arguments,
                injected,
                returned,
            };
            Ok(parts.function(&function, &signature))
        }
        (arguments, checked, injected) => {
            let errors = [arguments.err(), checked.err(), injected.err()];
            Err(failed(errors, &function, &signature))
        }
    }
}

/// A name that no crate in between has to know: of the extern prelude.
fn default_crate(name: &str) -> Path {
    let name = Ident::new(name, Span::call_site());
    syn::parse_quote!(::#name)
}

fn outside(krate: &Path, returned: &Returned) -> syn::ReturnType {
    let ty = &returned.outside;
    match returned.fallible {
        true => syn::parse_quote!(-> #ty),
        false => syn::parse_quote!(-> ::core::result::Result<#ty, #krate::Cancelled>),
    }
}

/// The errors, and a function that its callers can be checked against.
fn failed(errors: [Option<Error>; 3], function: &Function, signature: &Signature) -> TokenStream {
    let errors = errors.iter().flatten().map(Error::to_compile_error);
    let output = &signature.output;
    // What an `impl Trait` stands for is not known without the body; `!` is no value.
    let output = quote!(#output).to_string();
    let hidden = output.contains("impl ") || output.contains('!');
    let visibility = &function.visibility;
    let mut signature = signature.clone();
    function::unmark(&mut signature);
    let stub = (!hidden).then(|| {
        quote! {
            #[allow(warnings)]
            #visibility #signature { ::core::unreachable!() }
        }
    });
    quote!(#(#errors)* #stub)
}

struct Parts {
    krate: Path,
    arguments: Arguments,
    injected: Option<Injected>,
    returned: Returned,
}

impl Parts {
    fn function(&self, function: &Function, signature: &Signature) -> TokenStream {
        let attributes = &function.attributes;
        let visibility = &function.visibility;
        // Of this expansion only: the body and the arguments neither see it nor hide it.
        let op = Ident::new("op", Span::mixed_site());
        let made = self.made(&op, signature);
        let body = block(&function.body);
        let run = match signature.asyncness {
            Some(_) => self.run(&op, &body),
            None => self.run_blocking(&op, &body),
        };
        quote! {
            #(#attributes)*
            #visibility #signature {
                #made
                #run
            }
        }
    }

    /// Statements that make the operation.
    fn made(&self, op: &Ident, signature: &Signature) -> TokenStream {
        let krate = &self.krate;
        let ty = match (&self.injected, &self.arguments.base) {
            (Some(injected), _) => {
                let cx = &injected.cx;
                quote_spanned!(mixed(cx.span())=> #krate::__macros::CancelableOf<#cx>)
            }
            (None, Some(_)) => quote!(#krate::__macros::Cancelable<_>),
            (None, None) => quote!(#krate::Cancelable),
        };
        let new = match &self.arguments.base {
            None => quote_spanned!(mixed(ty.span())=> let #op: #ty = <#ty>::new();),
            Some((base, value)) => {
                let span = mixed(value.span());
                let new = match base {
                    Base::Runtime => quote_spanned!(span=> Cancelable::on(#value)),
                    Base::Parent => quote_spanned!(span=> Parent::linked(&(#value))),
                    Base::ChildOf => quote_spanned!(span=> Parent::nested(&(#value))),
                };
                let op = at(op, span);
                quote_spanned!(span=> let #op: #ty = #krate::__macros::#new;)
            }
        };
        let name = match &self.arguments.name {
            Some(name) => written_name(name),
            None => {
                let name = signature.ident.unraw().to_string();
                quote!(#name)
            }
        };
        let limits = self.arguments.limits.iter();
        let limits = limits.map(|limit| self.limit(op, limit));
        let setup = self.arguments.setup.iter().map(|setup| {
            quote_spanned! { mixed(setup.span())=>
                let #op = #krate::__macros::set_up(#op, #setup);
            }
        });
        quote! {
            #new
            let #op = #op.name(#name);
            #(#limits)*
            #(#setup)*
        }
    }

    fn limit(&self, op: &Ident, limit: &Limit) -> TokenStream {
        let krate = &self.krate;
        match limit {
            Limit::Timeout(time) => quote!(let #op = #op.timeout(#time);),
            Limit::Deadline(moment) => quote!(let #op = #op.deadline(#moment);),
            Limit::Grace(time) => quote!(let #op = #op.grace(#time);),
            Limit::Token(token) => {
                let reference = quote_spanned!(mixed(token.span())=> &(#token));
                quote!(let #op = #op.token(#reference);)
            }
            Limit::Observer(observer) => quote!(let #op = #op.observe(#observer);),
            Limit::Register(registry) => {
                let reference = quote_spanned!(mixed(registry.span())=> &(#registry));
                quote!(let #op = #op.register(#reference);)
            }
            Limit::RegisterGlobally(span) => quote_spanned! { mixed(*span)=>
                let #op = #op.register(#krate::__macros::Registry::global());
            },
            Limit::Source(source) => quote_spanned! { mixed(source.span())=>
                let #op = #krate::__macros::AddTo::add_to(#source, #op);
            },
            Limit::Condition(condition) => quote_spanned! { mixed(condition.span())=>
                let #op = #krate::__macros::condition(#op, #condition);
            },
            Limit::Signals(signals) => quote_spanned! { mixed(signals.span())=>
                let #op = #krate::__macros::signals(#op, #signals);
            },
            Limit::Predicate {
                predicate,
                interval,
                description,
            } => {
                // (Not a name of the caller's: the text may use those.)
                let condition = Ident::new("condition", Span::mixed_site());
                let described = description
                    .iter()
                    .map(|text| quote!(.map(|#condition| #condition.description(#text))));
                quote_spanned! { mixed(predicate.span())=>
                    let #op = #krate::__macros::condition(
                        #op,
                        #krate::__macros::Condition::new(#predicate, #interval) #(#described)*,
                    );
                }
            }
        }
    }

    /// The body is a plain future with a handle of its own: what the compiler knows about ordinary
    /// async blocks (auto traits, lifetimes) holds for it, as it does not for async closures.
    fn run(&self, op: &Ident, body: &Group) -> TokenStream {
        let inside = &self.returned.inside;
        // What has to do with the type of the result is said where that is written.
        let span = mixed(inside.span());
        let op = at(op, span);
        let run = match self.returned.fallible {
            true => quote_spanned!(span=> #op.try_run),
            false => quote_spanned!(span=> #op.run),
        };
        let handle = Ident::new("handle", Span::mixed_site());
        let (parameter, clone, bind) = match &self.injected {
            None => (quote!(_), None, None),
            Some(injected) => (
                quote!(#handle),
                Some(quote!(let #handle = ::core::clone::Clone::clone(#handle);)),
                Some(injected.bind(&handle)),
            ),
        };
        // An async block has no place for its type. The first return tells it, so that all others,
        // and the end, are converted to it.
        let told = quote_spanned! {span=>
            if let ::core::option::Option::Some(value) = ::core::option::Option::None::<#inside> {
                return value;
            }
        };
        let parameter = match &self.injected {
            None => quote!(#parameter: &_),
            Some(Injected { cx, .. }) => quote!(#parameter: &#cx),
        };
        quote_spanned! {span=>
            #run(move |#parameter| { #clone async move { #told #bind #body } }).await
        }
    }

    fn run_blocking(&self, op: &Ident, body: &Group) -> TokenStream {
        let inside = &self.returned.inside;
        let span = mixed(inside.span());
        let op = at(op, span);
        let run = match self.returned.fallible {
            true => quote_spanned!(span=> #op.try_run_blocking),
            false => quote_spanned!(span=> #op.run_blocking),
        };
        match &self.injected {
            None => quote_spanned!(span=> #run(move |_: &_| -> #inside #body)),
            Some(Injected {
                attributes,
                pattern,
                cx,
                borrowed: true,
            }) => {
                let parameter = quote!(#(#attributes)* #pattern: &#cx);
                quote_spanned!(span=> #run(move |#parameter| -> #inside #body))
            }
            Some(injected) => {
                let handle = Ident::new("handle", Span::mixed_site());
                let cx = &injected.cx;
                let clone = quote!(let #handle = ::core::clone::Clone::clone(#handle););
                let bind = injected.bind(&handle);
                quote_spanned!(span=> #run(move |#handle: &#cx| -> #inside { #clone #bind #body }))
            }
        }
    }
}

impl Injected {
    /// Gives the function's parameter its value, which `handle` is.
    fn bind(&self, handle: &Ident) -> TokenStream {
        let Injected {
            attributes,
            pattern,
            cx,
            borrowed,
        } = self;
        match borrowed {
            true => quote!(#(#attributes)* let #pattern: &#cx = &#handle;),
            false => quote!(#(#attributes)* let #pattern: #cx = #handle;),
        }
    }
}

/// The body as a block in other code. Its braces are of this expansion, though they stand where they stood: in
/// there they may not be needed, which is no advice for who wrote a function.
fn block(body: &Group) -> Group {
    let mut block = Group::new(body.delimiter(), body.stream());
    block.set_span(body.span().resolved_at(Span::mixed_site()));
    block
}

/// The same variable, for errors that point elsewhere.
fn at(op: &Ident, span: Span) -> Ident {
    let mut op = op.clone();
    op.set_span(span);
    op
}

/// A text with braces is one to be formatted.
fn written_name(name: &Expr) -> TokenStream {
    match name {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) if text.value().contains(['{', '}']) => quote!(::std::format!(#text)),
        _ => quote!(#name),
    }
}
