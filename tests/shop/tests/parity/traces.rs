//! Holds the stand-in to recorded answers of real Odoo 16, 17, 18 and 19 servers: each recorded request is sent again
//! and the answers must have the same keys, types, error names, codes and messages, and the same values where they do
//! not depend on the database's history. Lines the stand-in does not cover are counted and printed with the reason.

use std::collections::BTreeMap;

use super::client::post;
use serde_json::{Value, json};
use shop::{Config, Series};

/// Models the stand-in leaves out, with the reason.
const LEFT_OUT: &[(&str, &str)] = &[
    ("sale.advance.payment.inv", "invoicing is no part of the order journey"),
    ("account.move", "invoicing is no part of the order journey"),
    ("account.payment.register", "payment is no part of the order journey"),
    ("account.payment", "payment is no part of the order journey"),
    ("pos.config", "the point of sale is no part of the order journey"),
];

/// Single lines left out, by label.
const LEFT_OUT_LINES: &[(&str, &str)] = &[("partner unlink", "refused there because of the recorded payment")];

/// 42 of 61 lines in each series; a change that loses one must say so here.
const COVERED_MIN: usize = 4 * 42;

/// Values that depend on the history of the recorded database: numbers, names, dates, template ids.
const HISTORIC: &[&str] =
    &["name", "view_id", "default_template_id", "default_order_id", "installed_version", "cron_name", "nextcall", "id"];

#[tokio::test]
async fn the_stand_in_answers_as_the_recorded_servers_did() {
    let mut covered = 0;
    for series in Series::ALL {
        let (lines, left) = replay(series).await;
        covered += lines;
        println!("{series}: {lines} recorded requests covered, not covered: {left:?}");
    }
    println!("{covered} recorded requests covered in all");
    assert!(covered >= COVERED_MIN, "only {covered} recorded requests are covered");
}

/// Sends one series' recording again; gives the number of lines compared, and of those left out by reason.
async fn replay(series: Series) -> (usize, BTreeMap<&'static str, usize>) {
    let database = format!("o{}", series.number());
    let shop = shop::start(Config { listen: ([127, 0, 0, 1], 0).into(), series, databases: vec![database.clone()] })
        .await
        .expect("a port");
    let path = format!("{}/traces/{database}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let lines = std::fs::read_to_string(path).expect("the recording");
    let mut ids = Ids::default();
    let (mut covered, mut wrong, mut left) = (0, Vec::new(), BTreeMap::new());
    for line in lines.lines() {
        let recorded: Value = serde_json::from_str(line).expect("a recorded line");
        let label = recorded["label"].as_str().unwrap_or("common.version");
        let (service, method) =
            (recorded["req"][0].as_str().expect("a service"), recorded["req"][1].as_str().expect("a method"));
        if let Some(reason) = left_out(label, &recorded["req"][2]) {
            *left.entry(reason).or_insert(0) += 1;
            continue;
        }
        let (model, args) = arguments(&database, label, service, &recorded["req"][2], &ids);
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "call", "params": {"service": service, "method": method, "args": args}});
        let answer = post(&format!("{}/jsonrpc", shop.url), &[], &body).await;
        assert_eq!(answer.status, 200, "{series} {label}");
        covered += 1;
        ids.learn(&model, &recorded["resp"]["result"], &answer.json()["result"]);
        if let Err(difference) = same(&recorded["resp"], &answer.json(), "") {
            wrong.push(format!("{series} {label}: {difference}"));
        }
    }
    assert!(wrong.is_empty(), "the stand-in differs from the recording:\n{}", wrong.join("\n"));
    (covered, left)
}

fn left_out(label: &str, args: &Value) -> Option<&'static str> {
    if args.to_string().contains("invoice_ids") {
        return Some("invoicing is no part of the order journey");
    }
    let model = args[0].as_str().unwrap_or("");
    let line = LEFT_OUT_LINES.iter().find(|line| line.0 == label);
    line.or_else(|| LEFT_OUT.iter().find(|line| line.0 == model)).map(|line| line.1)
}

/// The recording leaves out database and credentials of `execute_kw`; and its ids are its own.
fn arguments(database: &str, label: &str, service: &str, recorded: &Value, ids: &Ids) -> (String, Value) {
    if service != "object" {
        return (String::new(), recorded.clone());
    }
    let model = recorded[0].as_str().expect("a model").to_owned();
    let password = if label.contains("bad password") { "wrong" } else { "admin" };
    let mut args = vec![json!(database), json!(2), json!(password)];
    let rest = recorded.as_array().expect("arguments").iter();
    args.extend(rest.map(|value| ids.translated(&model, value)));
    (model, Value::Array(args))
}

/// Recorded ids and ours, by model.
#[derive(Default)]
struct Ids(BTreeMap<(String, i64), i64>);

/// The model a field points to.
const POINTS: &[(&str, &str)] = &[
    ("partner_id", "res.partner"),
    ("product_id", "product.product"),
    ("location_id", "stock.location"),
    ("lot_stock_id", "stock.location"),
    ("picking_id", "stock.picking"),
    ("picking_ids", "stock.picking"),
    ("move_ids", "stock.move"),
    ("order_line", "sale.order.line"),
];

fn points_to<'a>(field: &str, model: &'a str) -> &'a str {
    POINTS.iter().find(|pair| pair.0 == field).map_or(model, |pair| pair.1)
}

impl Ids {
    /// Pairs the ids of two answers.
    fn learn(&mut self, model: &str, recorded: &Value, ours: &Value) {
        match (recorded, ours) {
            (Value::Number(recorded), Value::Number(ours)) => {
                if let (Some(recorded), Some(ours)) = (recorded.as_i64(), ours.as_i64()) {
                    self.0.insert((model.to_owned(), recorded), ours);
                }
            }
            (Value::Array(recorded), Value::Array(ours)) => {
                recorded.iter().zip(ours).for_each(|(recorded, ours)| self.learn(model, recorded, ours));
            }
            (Value::Object(recorded), Value::Object(ours)) => {
                for (field, value) in recorded {
                    if field == "id" || !points_to(field, "").is_empty() {
                        self.learn(points_to(field, model), value, ours.get(field).unwrap_or(&Value::Null));
                    }
                }
            }
            _ => {}
        }
    }

    /// A recorded argument with our ids.
    fn translated(&self, model: &str, value: &Value) -> Value {
        match value {
            Value::Number(number) => {
                let ours = number.as_i64().and_then(|id| self.0.get(&(model.to_owned(), id)));
                ours.map_or_else(|| value.clone(), |id| json!(id))
            }
            // A leaf of a domain: its value belongs to its field.
            Value::Array(list) if list.len() == 3 && list[0].is_string() => {
                let target = points_to(list[0].as_str().unwrap_or(""), model);
                json!([list[0], list[1], self.translated(target, &list[2])])
            }
            // A command of a one2many: the values belong to the line.
            Value::Array(list) if list.len() == 3 && list[2].is_object() => {
                json!([list[0], list[1], self.translated("", &list[2])])
            }
            Value::Array(list) => list.iter().map(|item| self.translated(model, item)).collect(),
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| (key.clone(), self.translated(points_to(key, ""), value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            other => other.clone(),
        }
    }
}

/// Same keys, types and values, the historic ones by type alone.
fn same(recorded: &Value, ours: &Value, at: &str) -> Result<(), String> {
    match (recorded, ours) {
        (Value::Object(recorded), Value::Object(ours)) => {
            let keys =
                |map: &serde_json::Map<String, Value>| map.keys().cloned().collect::<std::collections::BTreeSet<_>>();
            if keys(recorded) != keys(ours) {
                return Err(format!("{at}: keys {:?}, recorded {:?}", keys(ours), keys(recorded)));
            }
            recorded.iter().try_for_each(|(key, value)| same(value, &ours[key], &format!("{at}.{key}")))
        }
        (Value::Array(recorded), Value::Array(ours)) => {
            if recorded.len() != ours.len() {
                return Err(format!("{at}: {} items, recorded {}", ours.len(), recorded.len()));
            }
            recorded
                .iter()
                .zip(ours)
                .enumerate()
                .try_for_each(|(n, (recorded, ours))| same(recorded, ours, &format!("{at}[{n}]")))
        }
        (Value::Number(a), Value::Number(b)) if a.is_f64() == b.is_f64() && (value_is_historic(at) || a == b) => Ok(()),
        (Value::String(a), Value::String(b)) if value_is_historic(at) || worded(a) == worded(b) => Ok(()),
        (a, b) if a == b => Ok(()),
        (a, b) => Err(format!("{at}: {b}, recorded {a}")),
    }
}

fn value_is_historic(at: &str) -> bool {
    let key = at.rsplit('.').next().unwrap_or("").split('[').next().unwrap_or("");
    // Bare ids: of `create`, `search`, `authenticate`, and of x2many fields.
    let error = at.contains(".error");
    !error && (key == "result" || HISTORIC.contains(&key) || !points_to(key, "").is_empty()) || key == "debug"
}

/// A message without the order number and database port of its day.
fn worded(message: &str) -> String {
    message
        .replace("55432", "5432")
        .split_whitespace()
        .filter(|word| !(word.starts_with("S0") && word.len() == 6))
        .collect::<Vec<_>>()
        .join(" ")
}
