//! Makes a catalogue from the one before, in the order of dependence: documents, tenants, plugins, checks, law.
//! Called by whoever looks at files: the aggregator, standalone agents, `check validate`.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::admit;
use super::bind::{self, Namespaces, Owner};
use super::describe::{DescribedPlugin, DescribedPlugins};
use super::keep;
use super::set::{Catalogue, Check, Plugin, UnfitCheck};
use crate::frame::PluginRef;
use crate::id::{CheckId, TenantName};
use crate::manifest::{Document, Fault, FileText, Head, Manifest, Refusal, Source, check, locate};

/// Documents in force by what identifies them.
pub(super) type Documents = BTreeMap<Head, Document>;

/// A catalogue being made.
pub(super) struct Build<'t> {
    texts: BTreeMap<&'t str, &'t FileText>,
    described: &'t DescribedPlugins,
    pub(super) namespaces: Namespaces,
    pub(super) made: Catalogue,
}

/// The catalogue after `previous`, from the files as they are now and from what the plugins say of themselves. A file
/// that stops parsing keeps what it last defined. The order of `texts` does not matter: of two documents with one name
/// the first by path, then by line, is in force.
pub fn next(previous: &Catalogue, texts: &[FileText], described: &DescribedPlugins) -> Catalogue {
    let made = Catalogue { memory: keep::read(&previous.memory, texts), ..Catalogue::default() };
    let texts = texts.iter().map(|file| (file.path.as_str(), file)).collect();
    let mut build = Build { texts, described, namespaces: Namespaces::default(), made };
    let documents = build.documents();
    build.bind_tenants(&documents);
    build.bind_plugins(&documents);
    build.admit_checks(&documents);
    build.bind_law(&documents);
    build.lost_law(&documents);
    build.made.version = version(&documents, &build.made);
    build.made.refused.sort_by(|a, b| (&a.file, a.line, &a.field).cmp(&(&b.file, b.line, &b.field)));
    build.made
}

/// Hash over what is in force and over what became of it.
fn version(documents: &Documents, made: &Catalogue) -> String {
    let mut hash = Sha256::new();
    for (head, document) in documents {
        hash.update(format!("{head} {}\n", document.version()));
    }
    for check in made.checks.values() {
        hash.update(format!("{} {}\n", check.id, check.plugin.digest));
    }
    for check in &made.unfit {
        hash.update(format!("{} {} unfit\n", check.binding.tenant, check.manifest.head()));
    }
    for law in &made.broken_law {
        hash.update(format!("{} {} {}\n", law.scope, law.rule, law.why));
    }
    hex::encode(&hash.finalize()[..8])
}

impl Build<'_> {
    /// One document for each head: what stands in a file now before what one last held, then by path and line.
    fn documents(&mut self) -> Documents {
        let mut documents = Documents::new();
        let files: Vec<_> = self.made.memory.values().cloned().collect();
        for file in &files {
            self.made.refused.extend(file.refused.iter().cloned());
            for document in &file.fresh {
                let head = document.head();
                if let Some(first) = documents.get(&head) {
                    let Source { file, line } = first.source();
                    let fault = Fault::new(
                        "metadata.name",
                        format!("{head} stands already in {file}:{line}"),
                        "rename one, or remove it",
                    );
                    self.refuse(document.source(), head, fault);
                } else {
                    documents.insert(head, document.clone());
                }
            }
        }
        for document in files.iter().flat_map(|file| &file.kept) {
            documents.entry(document.head()).or_insert_with(|| document.clone());
        }
        documents
    }

    fn bind_tenants(&mut self, documents: &Documents) {
        for document in documents.values() {
            if let Document::Tenant(manifest) = document {
                self.made.tenants.insert(bind::tenant_name(manifest), Arc::clone(manifest));
            }
        }
        let (namespaces, faults) = bind::bind(&self.made.tenants);
        for (name, fault) in faults {
            let manifest = Arc::clone(&self.made.tenants[&name]);
            self.refuse(&manifest.source, manifest.head(), fault);
        }
        self.made.namespaces.clone_from(&namespaces.bound);
        self.namespaces = namespaces;
    }

    fn bind_plugins(&mut self, documents: &Documents) {
        for document in documents.values() {
            let Document::Plugin(manifest) = document else { continue };
            if let Owner::Nobody(claimants) = self.namespaces.owner(manifest.metadata.namespace.as_ref()) {
                let fault = bind::ownerless(manifest.metadata.namespace.as_ref(), claimants);
                self.refuse(&manifest.source, manifest.head(), fault);
                continue;
            }
            let folder =
                manifest.source.file.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
            let plugin =
                Plugin { file: format!("{folder}{}", manifest.spec.source.file), manifest: Arc::clone(manifest) };
            self.made.plugins.insert((manifest.metadata.namespace.clone(), manifest.metadata.name.clone()), plugin);
        }
    }

    fn admit_checks(&mut self, documents: &Documents) {
        let mut counts: BTreeMap<TenantName, u32> = BTreeMap::new();
        for document in documents.values() {
            let Document::Check(manifest) = document else { continue };
            match self.admit(manifest, &mut counts) {
                Ok(check) => drop(self.made.checks.insert(check.id, check)),
                Err(faults) => self.hold_unfit(manifest, faults),
            }
        }
    }

    /// Refuses a check, and remembers whose it is: who requires it misses it.
    fn hold_unfit(&mut self, manifest: &Arc<Manifest<check::Spec>>, faults: Vec<Fault>) {
        let first = self.made.refused.len();
        faults.into_iter().for_each(|fault| self.refuse(&manifest.source, manifest.head(), fault));
        let owners = match self.namespaces.owner(manifest.metadata.namespace.as_ref()) {
            Owner::Platform => &[],
            Owner::Tenant(binding) => std::slice::from_ref(binding),
            Owner::Nobody(claims) => claims,
        };
        let refused_at = self.made.refused[first..].iter().map(Refusal::place).collect::<Vec<_>>().join(", ");
        let unfit = owners.iter().map(|binding| {
            let services = &self.made.tenants[&binding.tenant].spec.services;
            UnfitCheck {
                manifest: Arc::clone(manifest),
                binding: binding.clone(),
                service: manifest.spec.service.clone().filter(|service| services.contains(service)),
                refused_at: refused_at.clone(),
            }
        });
        self.made.unfit.extend(unfit);
    }

    fn admit(
        &self,
        manifest: &Arc<Manifest<check::Spec>>,
        counts: &mut BTreeMap<TenantName, u32>,
    ) -> Result<Check, Vec<Fault>> {
        let (metadata, spec) = (&manifest.metadata, &manifest.spec);
        let binding = match self.namespaces.owner(metadata.namespace.as_ref()) {
            Owner::Platform => None,
            Owner::Tenant(binding) => Some(binding),
            Owner::Nobody(claimants) => return Err(vec![bind::ownerless(metadata.namespace.as_ref(), claimants)]),
        };
        let tenant = binding.map(|binding| &self.made.tenants[&binding.tenant].spec);
        let (plugin, described) = self.plugin_of(manifest).map_err(|fault| vec![fault])?;
        let mut faults = admit::faults(spec, described);
        faults.extend(match tenant {
            Some(tenant) => admit::tenant_faults(spec, tenant),
            None => admit::platform_faults(spec),
        });
        if !faults.is_empty() {
            return Err(faults);
        }
        if let (Some(binding), Some(tenant)) = (binding, tenant) {
            let count = counts.entry(binding.tenant.clone()).or_default();
            if *count >= tenant.ceiling.checks {
                let message = format!("the tenant has its {} checks already", tenant.ceiling.checks);
                return Err(vec![Fault::new(
                    "",
                    message,
                    "remove a check, or ask the platform to raise spec.ceiling.checks",
                )]);
            }
            *count += 1;
        }
        let ceiling = tenant.map(|tenant| &tenant.ceiling);
        Ok(Check {
            id: CheckId::of(metadata.namespace.as_ref(), &metadata.name),
            tenant: binding.map(|binding| binding.tenant.clone()),
            environment: binding.map(|binding| binding.environment.clone()),
            plugin: PluginRef {
                digest: described.digest.clone(),
                name: plugin.manifest.metadata.name.clone(),
                kind: described.kind,
            },
            grants: admit::effective(&spec.grants, ceiling),
            limits: admit::limits(spec, ceiling),
            manifest: Arc::clone(manifest),
        })
    }

    /// The plugin a check names: its own namespace's, then the platform's; and what it says of itself.
    fn plugin_of(&self, manifest: &Manifest<check::Spec>) -> Result<(&Plugin, &DescribedPlugin), Fault> {
        let name = &manifest.spec.plugin;
        let own = self.made.plugins.get(&(manifest.metadata.namespace.clone(), name.clone()));
        let Some(plugin) = own.or_else(|| self.made.plugins.get(&(None, name.clone()))) else {
            let message = format!("there is no Plugin `{name}` in the check's namespace or the platform's");
            return Err(Fault::new("spec.plugin", message, "add the Plugin, or correct the name"));
        };
        match self.described.get(&plugin.manifest.spec.digest) {
            Some(Ok(described)) => Ok((plugin, described)),
            Some(Err(why)) => Err(Fault::new(
                "spec.plugin",
                format!("the plugin {name} cannot run: {why}"),
                "correct the Plugin or its component",
            )),
            None => Err(Fault::new(
                "spec.plugin",
                format!("the plugin {name} is not described yet"),
                "wait, or look why its component is not read",
            )),
        }
    }

    /// Refuses a document that was read, at the line of the field.
    pub(super) fn refuse(&mut self, source: &Source, head: Head, fault: Fault) {
        let at = self.texts.get(source.file.as_str()).map(|file| locate(file, source, &fault.field));
        let (line, column) = at.unwrap_or((source.line, 1));
        let Fault { field, message, remedy } = fault;
        self.made.refused.push(Refusal {
            file: source.file.clone(),
            line,
            column,
            field,
            message,
            remedy,
            head: Some(head),
        });
    }
}

#[cfg(test)]
#[path = "build_tests.rs"]
mod tests;
