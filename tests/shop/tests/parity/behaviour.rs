//! What the recordings do not show: envelopes, sessions, JSON-2, rights, several databases and each fault plan.

use super::client::{Answer, post, send};
use serde_json::{Value, json};
use shop::{Config, Running, Series};

async fn open(series: Series) -> Running {
    let databases = vec!["acme".to_owned(), "zenith".to_owned()];
    shop::start(Config { listen: ([127, 0, 0, 1], 0).into(), series, databases }).await.expect("a port")
}

async fn rpc(shop: &Running, service: &str, method: &str, args: Value) -> Answer {
    let body = json!({"jsonrpc": "2.0", "id": 7, "method": "call", "params": {"service": service, "method": method, "args": args}});
    post(&format!("{}/jsonrpc", shop.url), &[], &body).await
}

async fn call(shop: &Running, database: &str, model: &str, method: &str, args: Value, kwargs: Value) -> Answer {
    let password = shop::password(database);
    rpc(shop, "object", "execute_kw", json!([database, 7, password, model, method, args, kwargs])).await
}

async fn plan(shop: &Running, database: &str, plan: Value) {
    let answer = send("PUT", &format!("{}/__stand-in/faults/{database}", shop.url), &[], Some(&plan)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// A draft of the fixtures, marked; its id.
async fn draft(shop: &Running, database: &str, mark: &str) -> i64 {
    let line = json!([[0, 0, {"product_id": 1, "product_uom_qty": 2}]]);
    let values = json!({"partner_id": 1, "client_order_ref": mark, "order_line": line});
    let answer = call(shop, database, "sale.order", "create", json!([values]), json!({})).await;
    answer.json()["result"].as_i64().unwrap_or_else(|| panic!("no id: {}", answer.text()))
}

fn raised(answer: &Answer) -> String {
    answer.json()["error"]["data"]["name"].as_str().unwrap_or_else(|| panic!("no error: {}", answer.text())).to_owned()
}

#[tokio::test]
async fn a_broken_envelope_is_the_only_http_error() {
    let shop = open(Series::V18).await;
    let url = format!("{}/jsonrpc", shop.url);
    let html = post(&url, &[("content-type", "text/plain")], &json!({})).await;
    assert_eq!(html.status, 400);
    assert!(html.text().starts_with("<!doctype html>"));
    let list = post(&url, &[], &json!([])).await;
    assert_eq!((list.status, list.text().as_str()), (400, "Invalid JSON-RPC data"));
    let unknown =
        rpc(&shop, "object", "execute_kw", json!(["nowhere", 2, "admin", "res.partner", "search", [[]]])).await;
    assert_eq!((unknown.status, raised(&unknown).as_str()), (200, "psycopg2.OperationalError"));
    assert_eq!(unknown.json()["id"], json!(7));
}

#[tokio::test]
async fn each_database_has_its_own_user_and_orders() {
    let shop = open(Series::V19).await;
    let with = |database: &'static str, password: String| {
        rpc(&shop, "common", "authenticate", json!([database, "synthetic", password, {}]))
    };
    assert_eq!(with("acme", shop::password("acme")).await.json()["result"], json!(7));
    assert_eq!(with("zenith", shop::password("acme")).await.json()["result"], json!(false));
    draft(&shop, "acme", "FW-1").await;
    let orders = send("GET", &format!("{}/__stand-in/orders/zenith", shop.url), &[], None).await;
    assert_eq!(orders.json(), json!([]));
    let listed = rpc(&shop, "db", "list", json!([])).await;
    assert_eq!(listed.json()["result"], json!(["acme", "zenith"]));
}

#[tokio::test]
async fn the_journeys_user_may_not_delete_nor_read_system_tables() {
    let shop = open(Series::V18).await;
    let order = draft(&shop, "acme", "FW-1").await;
    let unlink = call(&shop, "acme", "sale.order", "unlink", json!([[order]]), json!({})).await;
    assert_eq!(raised(&unlink), "odoo.exceptions.AccessError");
    let cron = call(&shop, "acme", "ir.cron", "search_count", json!([[]]), json!({})).await;
    assert_eq!(raised(&cron), "odoo.exceptions.AccessError");
}

#[tokio::test]
async fn a_session_cookie_carries_calls() {
    let shop = open(Series::V17).await;
    let login = json!({"jsonrpc": "2.0", "id": 1, "params": {"db": "acme", "login": "synthetic", "password": "synthetic-acme"}});
    let answer = post(&format!("{}/web/session/authenticate", shop.url), &[], &login).await;
    assert_eq!(answer.json()["result"]["uid"], json!(7));
    let cookie = answer.headers["set-cookie"].to_str().expect("text").split(';').next().expect("a pair").to_owned();
    let url = format!("{}/web/dataset/call_kw/res.partner/search_read", shop.url);
    let params = json!({"model": "res.partner", "method": "search_read", "args": [[["ref", "=", "synthetic-probe"]]], "kwargs": {"fields": ["name"]}});
    let body = json!({"jsonrpc": "2.0", "id": 2, "params": params});
    let found = post(&url, &[("cookie", &cookie)], &body).await;
    assert_eq!(found.json()["result"][0]["name"], json!("Synthetic customer"));
    let expired = post(&url, &[], &body).await;
    assert_eq!((expired.status, expired.json()["error"]["code"].clone()), (200, json!(100)));
}

#[tokio::test]
async fn json_2_is_bare_and_speaks_http_statuses() {
    let shop = open(Series::V19).await;
    let at = |path: &str| format!("{}/json/2/{path}", shop.url);
    let key: &[(&str, &str)] = &[("authorization", "bearer synthetic-zenith"), ("x-odoo-database", "zenith")];
    let found = post(
        &at("product.product/search_read"),
        key,
        &json!({"domain": [["default_code", "=", "SYN-PROBE"]], "fields": ["name"]}),
    )
    .await;
    assert_eq!((found.status, found.json()), (200, json!([{"id": 1, "name": "Synthetic item"}])));
    let created = post(&at("sale.order/create"), key, &json!({"vals_list": [{"partner_id": 1}]})).await;
    assert_eq!(created.json(), json!([1]));
    for (path, body, headers, status) in [
        ("sale.order/search", json!({}), &[][..], 401),
        ("sale.order/search", json!({}), &[("authorization", "bearer wrong")][..], 401),
        ("sale.order/_action_cancel", json!({"ids": [1]}), key, 403),
        ("nosuch.model/search", json!({}), key, 404),
        ("sale.order/nosuch", json!({"ids": [1]}), key, 404),
        ("sale.order/read", json!({"ids": [99]}), key, 404),
        ("sale.order/create", json!({"values": {}}), key, 422),
    ] {
        let answer = post(&at(path), headers, &body).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert_eq!(answer.json().as_object().expect("five keys").len(), 5, "{path}");
    }
    let html = post(&at("sale.order/search"), &[("content-type", "text/plain")], &json!({})).await;
    assert_eq!(html.status, 415);
    let older = open(Series::V18).await;
    assert_eq!(post(&format!("{}/json/2/sale.order/search", older.url), key, &json!({})).await.status, 404);
}

#[tokio::test]
async fn each_fault_shows_as_it_does_at_a_real_shop() {
    let shop = open(Series::V18).await;
    let order = draft(&shop, "acme", "FW-1").await;
    let read = || call(&shop, "acme", "sale.order", "read", json!([[order], ["state"]]), json!({}));
    for (fault, status, begins) in
        [("ingress-502", 502, "<html>"), ("maintenance", 503, "<html>"), ("login-page", 200, "<!DOCTYPE html>")]
    {
        plan(&shop, "acme", json!({"fault": fault})).await;
        let answer = read().await;
        assert_eq!(answer.status, status, "{fault}");
        assert!(answer.text().starts_with(begins), "{fault}");
    }
    plan(&shop, "acme", json!({"fault": "session-expired"})).await;
    assert_eq!(read().await.json()["error"]["code"], json!(100));
    plan(&shop, "acme", json!({"fault": "pool-full"})).await;
    assert_eq!(raised(&read().await), "psycopg2.pool.PoolError");
    plan(&shop, "acme", json!({"fault": "truncated"})).await;
    assert!(read().await.body.is_err());
    let other = draft(&shop, "zenith", "FW-2").await;
    assert!(other > 0, "a plan is its database's own");
}

#[tokio::test]
async fn faults_of_a_step_leave_the_other_steps_alone() {
    let shop = open(Series::V18).await;
    plan(&shop, "acme", json!({"fault": "confirm-refused", "message": "no tax mapping"})).await;
    let order = draft(&shop, "acme", "FW-1").await;
    let confirm = || call(&shop, "acme", "sale.order", "action_confirm", json!([[order]]), json!({}));
    let refused = confirm().await;
    assert_eq!(refused.json()["error"]["data"]["message"], json!("no tax mapping"));
    plan(&shop, "acme", json!({"fault": "stock-missing"})).await;
    assert_eq!(confirm().await.json()["result"], json!(true));
    let orders = format!("{}/__stand-in/orders/acme", shop.url);
    let residue = || send("GET", &orders, &[], None);
    assert_eq!(residue().await.json()[0]["pickings"], json!(["confirmed"]));
    plan(&shop, "acme", json!({"fault": "cancel-ignored"})).await;
    let cancel = || {
        call(
            &shop,
            "acme",
            "sale.order",
            "action_cancel",
            json!([[order]]),
            json!({"context": {"disable_cancel_warning": true}}),
        )
    };
    assert_eq!(cancel().await.json()["result"], json!(true));
    assert_eq!(residue().await.json()[0]["state"], json!("sale"));
    plan(&shop, "acme", json!({"fault": "none"})).await;
    assert_eq!(cancel().await.json()["result"], json!(true));
    assert_eq!(residue().await.json()[0]["state"], json!("cancel"));
}

#[tokio::test]
async fn the_web_routes_answer_by_series() {
    for series in Series::ALL {
        let shop = open(series).await;
        let get = async |path: &str| send("GET", &format!("{}{path}", shop.url), &[], None).await;
        assert_eq!(get("/web/health").await.json(), json!({"status": "pass"}));
        assert_eq!(get("/web/health?db_server_status=1").await.json()["db_server_status"], json!(true));
        assert_eq!(get("/web/version").await.status == 200, series == Series::V19);
        assert_eq!(get("/web").await.status, 303);
        assert!(get("/web/login?db=acme").await.text().contains("csrf_token"));
    }
}
