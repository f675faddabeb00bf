//! Shell: a genuine Odoo 11 on PostgreSQL, from the environment that `cargo xtask test` installs. Its database is made
//! once, with the fixtures of a synthetic journey, and kept beside the environment; each test runs on a copy of its own.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::postgres::{self, Postgres};
use crate::{binary, child::Child, http::Client};

/// The one database.
pub const DATABASE: &str = "acme";
/// The user of the journey: internal user, own sales documents, inventory user, nothing else.
pub const LOGIN: &str = "synthetic";
/// Its password.
pub const PASSWORD: &str = "synthetic-secret";
/// The journey's customer, by its internal reference.
pub const PARTNER: &str = "synthetic-probe";
/// The journey's product, by its internal reference.
pub const PRODUCT: &str = "SYN-PROBE";
/// How much of it is in stock.
pub const STOCK: u32 = 100;

/// The administrator a new database has, with its password.
const ADMINISTRATOR: (i64, &str) = (1, "admin");
/// What a template is made of; another number makes another one.
const TEMPLATE: &str = "template-1";
/// Written last into a template: without it the folder is half made.
const WHOLE: &str = "whole";
/// Making the database installs 36 modules: a minute on two idle cores.
const MAKE_MAX: Duration = Duration::from_secs(600);
/// A start takes 5 s; the rest is for a busy machine.
const START_MAX: Duration = Duration::from_secs(120);
/// What the server runs: its own command line, from the environment's packages.
const MAIN: &str = "import odoo, odoo.cli; odoo.cli.main()";

/// A running server.
#[derive(Debug)]
pub struct Odoo {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    client: Client,
    // The server ends before its database.
    _child: Child,
    /// Its database's server.
    pub postgres: Postgres,
}

/// Why it cannot be started here, if so.
#[must_use]
pub fn unavailable() -> Option<String> {
    let why = "no Odoo 11 is installed: run `cargo xtask test` where a Python 3.7 is on the path or in pyenv";
    binary::odoo().is_none().then(|| why.to_owned()).or_else(postgres::unavailable)
}

/// Starts one on a copy of the template, which the first caller makes, with all its data in a folder that is nobody
/// else's.
///
/// # Errors
/// It did not start, or the template cannot be made.
pub async fn start(folder: &Path) -> anyhow::Result<Odoo> {
    let template = template().await?;
    for part in ["data", "files"] {
        copy(&template.join(part), &folder.join(part))?;
    }
    serve(folder).await
}

/// The template's folder, made once for each version of PostgreSQL.
async fn template() -> anyhow::Result<PathBuf> {
    let kept = binary::odoo().context("no Odoo")?;
    let major = postgres::major().context("no PostgreSQL")?;
    let template = kept.join(format!("{TEMPLATE}-postgresql-{major}"));
    // Tests that come at once wait for the first; the lock is the kernel's, so a killed one leaves none behind.
    let lock = File::create(kept.join("template.lock"))?;
    let lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await?.context("cannot lock")?;
    if !template.join(WHOLE).is_file() {
        if template.exists() {
            fs::remove_dir_all(&template)?;
        }
        eprintln!("odoo: its database is made, once (about a minute)");
        make(&template).await.context("the template of Odoo's database")?;
        eprintln!("odoo: its database is made and kept");
    }
    drop(lock);
    Ok(template)
}

/// Makes a database with its modules and fixtures where PostgreSQL may run, and keeps a copy.
async fn make(template: &Path) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("floorwalker-odoo-").tempdir()?;
    let data = folder.path().join("data");
    postgres::create(&data)?;
    let server = postgres::start(&data, folder.path()).await?;
    let mut command = program(folder.path())?;
    command.args(["-i", "sale_management,sale_stock", "--without-demo=all", "--stop-after-init"]);
    let mut child = Child::spawn("odoo-init", command, folder.path())?;
    child.says(MAKE_MAX, "that its modules are loaded", |log| log.contains("Modules loaded").then_some(())).await?;
    ensure!(child.wait(START_MAX)?.success(), "odoo: {}", child.output());
    drop(server);
    let odoo = serve(folder.path()).await?;
    odoo.furnish().await?;
    drop(odoo);
    fs::create_dir_all(template)?;
    for part in ["data", "files"] {
        copy(&folder.path().join(part), &template.join(part))?;
    }
    Ok(fs::write(template.join(WHOLE), "")?)
}

async fn serve(folder: &Path) -> anyhow::Result<Odoo> {
    let postgres = postgres::start(&folder.join("data"), folder).await?;
    let mut child = Child::spawn("odoo", program(folder)?, folder)?;
    let port = child.says(START_MAX, "its port", port).await?;
    child.says(START_MAX, "that its modules are loaded", |log| log.contains("Modules loaded").then_some(())).await?;
    let url = format!("http://127.0.0.1:{port}");
    let client = Client::plain(&url)?;
    // The very first request makes it load every addon there is, some without what they need: 500. It is thrown away.
    client.get("/web/login").await?;
    Ok(Odoo { url, client, _child: child, postgres })
}

/// The server's command, by a settings file: on the command line port 0 means the default one.
fn program(folder: &Path) -> anyhow::Result<Command> {
    let settings = folder.join("odoo.conf");
    let text = format!(
        "[options]\ndb_name = {DATABASE}\ndb_host = {data}\ndb_user = {role}\nhttp_interface = 127.0.0.1\n\
         http_port = 0\nmax_cron_threads = 0\nlist_db = False\ndata_dir = {files}\n",
        data = folder.join("data").display(),
        role = postgres::ROLE,
        files = folder.join("files").display(),
    );
    fs::write(&settings, text)?;
    let mut command = Command::new(binary::odoo().context("no Odoo")?.join("bin/python"));
    command.args(["-c", MAIN, "-c"]).arg(&settings);
    Ok(command)
}

/// The port in the log line `HTTP service (werkzeug) running on HOST:PORT`.
fn port(log: &str) -> Option<u16> {
    let line = log.split("running on ").nth(1)?.lines().next()?;
    line.rsplit_once(':')?.1.trim().parse().ok()
}

/// With owners and modes, and without a second copy on file systems that can.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let status = Command::new("cp").args(["-a", "--reflink=auto"]).arg(from).arg(to).status()?;
    ensure!(status.success(), "{} cannot be copied", from.display());
    Ok(())
}

impl Odoo {
    /// Calls a method of a model as the administrator.
    ///
    /// # Errors
    /// Odoo refuses it.
    pub async fn call(&self, model: &str, method: &str, args: Value, named: Value) -> anyhow::Result<Value> {
        let (user, password) = ADMINISTRATOR;
        let args = json!([DATABASE, user, password, model, method, args, named]);
        let params = json!({"service": "object", "method": "execute_kw", "args": args});
        let call = json!({"jsonrpc": "2.0", "id": 1, "method": "call", "params": params});
        let mut answer = self.client.post("/jsonrpc", &call).await?.json()?;
        ensure!(answer["error"].is_null(), "{model}.{method}: {}", answer["error"]["data"]["debug"]);
        Ok(answer["result"].take())
    }

    /// Sets how much of the journey's product is in stock.
    ///
    /// # Errors
    /// Odoo refuses it.
    pub async fn stock_set(&self, quantity: u32) -> anyhow::Result<()> {
        let product = self.one("product.product", json!([["default_code", "=", PRODUCT]])).await?;
        let warehouse = self.call("stock.warehouse", "search_read", json!([[]]), json!({"limit": 1})).await?;
        let place = &warehouse[0]["lot_stock_id"][0];
        let line = json!([0, 0, {"product_id": product, "location_id": place, "product_qty": quantity}]);
        let values = json!({
            "name": "synthetic stock", "filter": "product", "product_id": product, "location_id": place,
            "line_ids": [line],
        });
        let inventory = self.call("stock.inventory", "create", json!([values]), json!({})).await?;
        for step in ["action_start", "action_done"] {
            self.call("stock.inventory", step, json!([[inventory]]), json!({})).await?;
        }
        Ok(())
    }

    /// What `odoo-order`'s README asks an operator to prepare, and no more.
    async fn furnish(&self) -> anyhow::Result<()> {
        let mut groups = Vec::new();
        for name in ["base.group_user", "sales_team.group_sale_salesman", "stock.group_stock_user"] {
            groups.push(self.call("ir.model.data", "xmlid_to_res_id", json!([name]), json!({})).await?);
        }
        let user = json!({
            "name": "Synthetic", "login": LOGIN, "password": PASSWORD, "email": "synthetic@shop.example",
            "groups_id": [[6, 0, groups]],
        });
        self.call("res.users", "create", json!([user]), json!({})).await?;
        let partner = json!({"name": "Synthetic probe", "ref": PARTNER});
        self.call("res.partner", "create", json!([partner]), json!({})).await?;
        let product = json!({"name": "Synthetic probe", "default_code": PRODUCT, "type": "product"});
        self.call("product.product", "create", json!([product]), json!({})).await?;
        self.stock_set(STOCK).await
    }

    async fn one(&self, model: &str, domain: Value) -> anyhow::Result<Value> {
        let found = self.call(model, "search", json!([domain]), json!({"limit": 1})).await?;
        ensure!(found[0].is_i64(), "no {model} of {domain}");
        Ok(found[0].clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_the_log() {
        let log = "INFO ? odoo.service.server: HTTP service (werkzeug) running on localhost:45769\nINFO acme more";
        assert_eq!(port(log), Some(45769));
        assert_eq!(port("INFO"), None);
    }
}
