//! The paths that an item names: in `use` trees, in code, in what macros are given.

use super::cfg;
use super::tree::{Import, Mention, Place};
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};
use syn::{UseTree, Visibility};

pub(super) struct Uses {
    file: PathBuf,
    pub(super) imports: Vec<Import>,
    pub(super) mentions: Vec<Mention>,
}

impl Uses {
    pub(super) fn new(file: &Path) -> Self {
        Uses {
            file: file.to_path_buf(),
            imports: Vec::new(),
            mentions: Vec::new(),
        }
    }

    fn place(&self, span: Span) -> Place {
        Place {
            file: self.file.clone(),
            line: span.start().line,
        }
    }

    fn leaves(&mut self, tree: &UseTree, path: &[String], is_public: bool) {
        let with = |name: &syn::Ident| [path, &[name.to_string()]].concat();
        let (name, path, span) = match tree {
            UseTree::Path(tree) => return self.leaves(&tree.tree, &with(&tree.ident), is_public),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.leaves(tree, path, is_public);
                }
                return;
            }
            UseTree::Glob(glob) => (None, path.to_vec(), glob.star_token.spans[0]),
            UseTree::Name(tree) if tree.ident == "self" => {
                (path.last().cloned(), path.to_vec(), tree.ident.span())
            }
            UseTree::Name(tree) => (
                Some(tree.ident.to_string()),
                with(&tree.ident),
                tree.ident.span(),
            ),
            UseTree::Rename(tree) => (
                Some(tree.rename.to_string()),
                with(&tree.ident),
                tree.ident.span(),
            ),
        };
        let place = self.place(span);
        self.imports.push(Import {
            name,
            path,
            is_public,
            place,
        });
    }

    fn mention(&mut self, path: Vec<String>, span: Span) {
        if path.len() > 1 {
            let place = self.place(span);
            self.mentions.push(Mention { path, place });
        }
    }

    /// Paths among tokens that nobody parses.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let colons = |at: usize| {
            let colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
            colon(at) && colon(at + 1)
        };
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                // Attributes are no code.
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    if let Some(TokenTree::Group(group)) = tokens.get(at) {
                        at += usize::from(group.delimiter() == Delimiter::Bracket);
                    }
                }
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(first) => {
                    // `::name` and what follows a group or an angle begin elsewhere.
                    let goes_on = at >= 3 && colons(at - 3);
                    let mut path = vec![first.to_string()];
                    while colons(at) {
                        let Some(TokenTree::Ident(next)) = tokens.get(at + 2) else {
                            break;
                        };
                        path.push(next.to_string());
                        at += 3;
                    }
                    if !goes_on {
                        self.mention(path, first.span());
                    }
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Uses {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if item.leading_colon.is_none() && !cfg::is_exempt(&item.attrs) {
            let is_public = matches!(item.vis, Visibility::Public(_));
            self.leaves(&item.tree, &[], is_public);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let segments = path.segments.iter();
            let names = segments.map(|segment| segment.ident.to_string()).collect();
            self.mention(names, path.segments[0].ident.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.visit_path(&mac.path);
        self.tokens(mac.tokens.clone());
    }

    // Neither links of documentation nor `pub(in path)` are uses.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_item(&mut self, item: &'ast syn::Item) {
        // (A test module in a function.)
        if !matches!(item, syn::Item::Mod(item) if cfg::is_exempt(&item.attrs)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let attrs: &[_] = match item {
            syn::ImplItem::Const(item) => &item.attrs,
            syn::ImplItem::Fn(item) => &item.attrs,
            syn::ImplItem::Type(item) => &item.attrs,
            _ => &[],
        };
        if !cfg::is_exempt(attrs) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if !cfg::is_exempt(&local.attrs) {
            visit::visit_local(self, local);
        }
    }

    fn visit_expr_block(&mut self, block: &'ast syn::ExprBlock) {
        if !cfg::is_exempt(&block.attrs) {
            visit::visit_expr_block(self, block);
        }
    }
}
