//! Which file a path leads to, and whether that file lies above the one that names it.

use super::tree::{Import, Place, Tree};
use std::collections::BTreeSet;

/// What a path leads to: something that a module defines, or (`None`) the module itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) module: usize,
    pub(super) name: Option<String>,
}

/// Re-exports of re-exports; more is a circle.
const DEPTH: usize = 32;

impl Tree {
    /// Uses of a file that lies above, with the path that leads there.
    pub(super) fn upward_uses(&self) -> Vec<(Place, String)> {
        let mut found = BTreeSet::new();
        for (from, module) in self.modules.iter().enumerate() {
            let imports = module.imports.iter().chain(&module.local_imports);
            let imports = imports.map(|import| (&import.path, &import.place));
            // `Name::method`: `Name` is counted where it is imported.
            let is_imported = |path: &[String]| {
                let first = self.resolve(from, &path[..1], DEPTH);
                first.is_some_and(|target| target.name.is_some())
            };
            let mentions = module.mentions.iter();
            let mentions = mentions.filter(|mention| !is_imported(&mention.path));
            let mentions = mentions.map(|mention| (&mention.path, &mention.place));
            for (path, place) in imports.chain(mentions) {
                let Some(target) = self.resolve(from, path, DEPTH) else {
                    continue;
                };
                if self.is_above(target.module, from) {
                    let what = format!("{} of {}", path.join("::"), self.display(target.module));
                    found.insert((place.clone(), what));
                }
            }
        }
        found.into_iter().collect()
    }

    /// Private types whose name another module of the crate uses for one of its own. (Those inside of
    /// functions are nobody else's concern.)
    pub(super) fn doubled_names(&self) -> Vec<(String, Vec<Place>)> {
        let exported = self.exported();
        let mut names = std::collections::BTreeMap::<&str, Vec<Place>>::new();
        for (index, module) in self.modules.iter().enumerate() {
            for (name, definitions) in &module.definitions {
                let target = Target {
                    module: index,
                    name: Some(name.clone()),
                };
                // Several in one module are there under different conditions.
                let first = definitions.iter().find(|definition| definition.is_type);
                if let Some(first) = first.filter(|_| !exported.contains(&target)) {
                    names.entry(name).or_default().push(first.place.clone());
                }
            }
        }
        names
            .into_iter()
            .filter(|(_, places)| places.len() > 1)
            .map(|(name, places)| (name.to_owned(), places))
            .collect()
    }

    /// What users of the crate can name.
    fn exported(&self) -> BTreeSet<Target> {
        let mut exported = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open = vec![Tree::ROOT];
        while let Some(index) = open.pop() {
            if !seen.insert(index) {
                continue;
            }
            let module = &self.modules[index];
            let public = module.children.iter().copied();
            open.extend(public.filter(|child| self.modules[*child].is_public));
            for (name, definitions) in &module.definitions {
                if definitions.iter().any(|definition| definition.is_public) {
                    exported.insert(Target {
                        module: index,
                        name: Some(name.clone()),
                    });
                }
            }
            for import in module.imports.iter().filter(|import| import.is_public) {
                match self.resolve(index, &import.path, DEPTH) {
                    Some(target) if target.name.is_some() => {
                        exported.insert(target);
                    }
                    Some(target) => open.push(target.module),
                    None => {}
                }
            }
        }
        exported
    }

    /// `None`: something of another crate, or a local name.
    fn resolve(&self, from: usize, path: &[String], depth: usize) -> Option<Target> {
        let mut module = from;
        let mut at = 0;
        while let Some(segment) = path.get(at) {
            let rest = &path[at + 1..];
            match segment.as_str() {
                "crate" => module = Tree::ROOT,
                "self" => {}
                "super" => module = self.modules[module].parent?,
                name => match self.child(module, name) {
                    Some(child) if !rest.is_empty() => module = child,
                    child => {
                        let found = self.lookup(module, name, rest, at == 0, depth);
                        let itself = child.map(|module| Target { module, name: None });
                        let unknown = Target {
                            module,
                            name: Some(name.to_owned()),
                        };
                        // What is nowhere to be seen is made by a macro there, or external.
                        return found.or(itself).or((at > 0).then_some(unknown));
                    }
                },
            }
            at += 1;
        }
        Some(Target { module, name: None })
    }

    /// A name that is no module. `inside`: code of this module asks.
    fn lookup(
        &self,
        module: usize,
        name: &str,
        rest: &[String],
        inside: bool,
        depth: usize,
    ) -> Option<Target> {
        let own = Target {
            module,
            name: Some(name.to_owned()),
        };
        if self.modules[module].definitions.contains_key(name) {
            return Some(own);
        }
        let depth = depth.checked_sub(1)?;
        let data = &self.modules[module];
        let local = data.local_imports.iter().filter(|_| inside);
        let imports: Vec<&Import> = data.imports.iter().chain(local).collect();
        if let Some(import) = imports
            .iter()
            .find(|import| import.name.as_deref() == Some(name))
        {
            let path = [&import.path[..], rest].concat();
            // What comes from another crate is this module's to hand on.
            return self.resolve(module, &path, depth).or(Some(own));
        }
        let mut globs = imports.iter().filter(|import| import.name.is_none());
        globs.find_map(|glob| {
            let target = self.resolve(module, &glob.path, depth)?;
            if target.name.is_some() || target.module == module {
                return None;
            }
            let child = self.child(target.module, name);
            let found = self.lookup(target.module, name, rest, false, depth);
            let itself = || child.map(|module| Target { module, name: None });
            found.or_else(itself)
        })
    }

    /// A parent stands above its children; among siblings the later one stands above the earlier one.
    fn is_above(&self, target: usize, from: usize) -> bool {
        let (target, from) = (self.floors(target), self.floors(from));
        let common = target.iter().zip(&from).take_while(|(a, b)| a == b).count();
        match (target.get(common), from.get(common)) {
            (Some(target), Some(from)) => self.modules[*target].rank > self.modules[*from].rank,
            // Items of one's own parent.
            (None, Some(_)) => true,
            (_, None) => false,
        }
    }

    /// The modules with files of their own from the root to this one.
    fn floors(&self, mut module: usize) -> Vec<usize> {
        let mut floors = Vec::new();
        loop {
            if !self.modules[module].is_inline {
                floors.push(module);
            }
            match self.modules[module].parent {
                Some(parent) => module = parent,
                None => break,
            }
        }
        floors.reverse();
        floors
    }

    fn display(&self, module: usize) -> String {
        let mut names = Vec::new();
        for floor in self.floors(module).into_iter().skip(1) {
            names.push(self.modules[floor].name.as_str());
        }
        match names.is_empty() {
            true => "lib.rs".into(),
            false => format!("{}.rs", names.join("/")),
        }
    }
}
