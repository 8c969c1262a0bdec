//! The modules of a crate: what each defines, imports and names.

use super::cfg;
use super::uses::Uses;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use syn::visit::Visit;
use syn::{Attribute, Item, Meta, Visibility};

/// A line of a file, its path relative to the workspace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) file: PathBuf,
    pub(super) line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// A name that a module defines itself.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) place: Place,
    /// A struct, enum, union, trait or alias.
    pub(super) is_type: bool,
    pub(super) is_public: bool,
}

/// A leaf of a `use` item.
#[derive(Clone, Debug)]
pub(super) struct Import {
    /// The name under which it is known here. `None`: everything, by `*`.
    pub(super) name: Option<String>,
    pub(super) path: Vec<String>,
    pub(super) is_public: bool,
    pub(super) place: Place,
}

/// A path in code with at least two segments.
#[derive(Debug)]
pub(super) struct Mention {
    pub(super) path: Vec<String>,
    pub(super) place: Place,
}

#[derive(Debug, Default)]
pub(super) struct Module {
    pub(super) name: String,
    pub(super) parent: Option<usize>,
    /// The place among its siblings, in the order of the `mod` items.
    pub(super) rank: usize,
    /// Written in the file of its parent.
    pub(super) is_inline: bool,
    pub(super) is_public: bool,
    pub(super) children: Vec<usize>,
    pub(super) definitions: BTreeMap<String, Vec<Definition>>,
    pub(super) imports: Vec<Import>,
    /// Imports inside of functions.
    pub(super) local_imports: Vec<Import>,
    pub(super) mentions: Vec<Mention>,
}

/// Where a module's text comes from.
pub(super) type Read<'a> = &'a dyn Fn(&Path) -> Option<String>;

pub(super) struct Tree {
    pub(super) modules: Vec<Module>,
    /// Each file that belongs to the crate, without those of tests.
    pub(super) files: Vec<(PathBuf, String)>,
}

impl Tree {
    pub(super) const ROOT: usize = 0;

    /// Reads a crate from its `lib.rs`. Test modules are left out.
    pub(super) fn read(lib: &Path, read: Read<'_>) -> Result<Tree, String> {
        let mut tree = Tree {
            modules: vec![Module {
                is_public: true,
                ..Module::default()
            }],
            files: Vec::new(),
        };
        let folder = lib.parent().unwrap_or(Path::new("")).to_path_buf();
        tree.file(Tree::ROOT, lib, &folder, read)?;
        Ok(tree)
    }

    pub(super) fn child(&self, module: usize, name: &str) -> Option<usize> {
        let mut children = self.modules[module].children.iter().copied();
        children.find(|child| self.modules[*child].name == name)
    }

    /// `folder`: where the files of its children lie.
    fn file(
        &mut self,
        module: usize,
        path: &Path,
        folder: &Path,
        read: Read<'_>,
    ) -> Result<(), String> {
        let text = read(path).ok_or_else(|| format!("{}: cannot be read", path.display()))?;
        let parsed = syn::parse_file(&text).map_err(|error| {
            let line = error.span().start().line;
            format!("{}:{line}: {error}", path.display())
        })?;
        self.files.push((path.to_path_buf(), text));
        self.items(module, &parsed.items, path, folder, read)
    }

    fn items(
        &mut self,
        module: usize,
        items: &[Item],
        file: &Path,
        folder: &Path,
        read: Read<'_>,
    ) -> Result<(), String> {
        for item in items {
            if cfg::is_exempt(attributes(item)) {
                continue;
            }
            match item {
                Item::Mod(item) => self.module(module, item, file, folder, read)?,
                // What a macro such as `pin_project!` is given are items, mostly.
                Item::Macro(call) if call.ident.is_none() => {
                    match syn::parse2::<syn::File>(call.mac.tokens.clone()) {
                        Ok(inner) => {
                            let mut uses = Uses::new(file);
                            uses.visit_path(&call.mac.path);
                            self.modules[module].mentions.append(&mut uses.mentions);
                            self.items(module, &inner.items, file, folder, read)?;
                        }
                        Err(_) => self.mentions(module, item, file),
                    }
                }
                item => {
                    self.define(module, item, file);
                    self.mentions(module, item, file);
                }
            }
        }
        Ok(())
    }

    fn module(
        &mut self,
        parent: usize,
        item: &syn::ItemMod,
        file: &Path,
        folder: &Path,
        read: Read<'_>,
    ) -> Result<(), String> {
        let name = item.ident.to_string();
        // Once more under another condition: the same module.
        let module = self.child(parent, &name).unwrap_or_else(|| {
            let module = self.modules.len();
            self.modules.push(Module {
                name: name.clone(),
                parent: Some(parent),
                rank: self.modules[parent].children.len(),
                is_inline: item.content.is_some(),
                is_public: matches!(item.vis, Visibility::Public(_)),
                ..Module::default()
            });
            self.modules[parent].children.push(module);
            module
        });
        if let Some((_, items)) = &item.content {
            return self.items(module, items, file, &folder.join(&name), read);
        }
        let mut found = false;
        for other in other_paths(&item.attrs) {
            found = true;
            let Some(path) = other else { continue };
            let path = file.parent().unwrap_or(Path::new("")).join(path);
            let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
            self.file(module, &path, &folder, read)?;
        }
        let usual = folder.join(format!("{name}.rs"));
        // With `path` under conditions there may be a file for the remaining case.
        if read(&usual).is_some() {
            self.file(module, &usual, &folder.join(&name), read)
        } else if found {
            Ok(())
        } else {
            let line = item.ident.span().start().line;
            let usual = usual.display();
            Err(format!("{}:{line}: {usual} is missing", file.display()))
        }
    }

    fn define(&mut self, module: usize, item: &Item, file: &Path) {
        let (ident, vis, is_type) = match item {
            Item::Const(item) => (&item.ident, &item.vis, false),
            Item::Enum(item) => (&item.ident, &item.vis, true),
            Item::Fn(item) => (&item.sig.ident, &item.vis, false),
            Item::Static(item) => (&item.ident, &item.vis, false),
            Item::Struct(item) => (&item.ident, &item.vis, true),
            Item::Trait(item) => (&item.ident, &item.vis, true),
            Item::Type(item) => (&item.ident, &item.vis, true),
            Item::Union(item) => (&item.ident, &item.vis, true),
            Item::Macro(item) => {
                let Some(ident) = &item.ident else { return };
                // An exported macro is an item of the crate's root.
                let exported = item
                    .attrs
                    .iter()
                    .any(|attr| attr.path().is_ident("macro_export"));
                if exported && module != Tree::ROOT {
                    let mut path = self.path(module);
                    path.push(ident.to_string());
                    self.modules[Tree::ROOT].imports.push(Import {
                        name: Some(ident.to_string()),
                        path,
                        is_public: true,
                        place: place(file, ident),
                    });
                }
                (ident, &Visibility::Inherited, false)
            }
            _ => return,
        };
        let definition = Definition {
            place: place(file, ident),
            is_type,
            is_public: matches!(vis, Visibility::Public(_)),
        };
        let definitions = &mut self.modules[module].definitions;
        definitions
            .entry(ident.to_string())
            .or_default()
            .push(definition);
    }

    fn mentions(&mut self, module: usize, item: &Item, file: &Path) {
        let mut uses = Uses::new(file);
        uses.visit_item(item);
        let module = &mut self.modules[module];
        let imports = match item {
            Item::Use(_) => &mut module.imports,
            _ => &mut module.local_imports,
        };
        imports.append(&mut uses.imports);
        module.mentions.append(&mut uses.mentions);
    }

    /// The path of a module from the crate's root.
    fn path(&self, module: usize) -> Vec<String> {
        match self.modules[module].parent {
            None => vec!["crate".into()],
            Some(parent) => {
                let mut path = self.path(parent);
                path.push(self.modules[module].name.clone());
                path
            }
        }
    }
}

fn place(file: &Path, ident: &syn::Ident) -> Place {
    Place {
        file: file.to_path_buf(),
        line: ident.span().start().line,
    }
}

/// The files that `path` attributes name. `None`: one of a test.
fn other_paths(attrs: &[Attribute]) -> Vec<Option<PathBuf>> {
    let mut paths = Vec::new();
    for attr in attrs {
        match &attr.meta {
            Meta::NameValue(value) if value.path.is_ident("path") => {
                paths.extend(text(&value.value).map(|path| Some(path.into())));
            }
            Meta::List(list) if list.path.is_ident("cfg_attr") => {
                paths.extend(cfg::path_of_cfg_attr(list.tokens.clone()));
            }
            _ => {}
        }
    }
    paths
}

fn text(value: &syn::Expr) -> Option<String> {
    match value {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
