//! The models and fields the stand-in has, by series. Read by `table` (rendering), `domain` (searching) and `orm`.
//! Only what the order journey and the recorded traces touch; an unknown field is an error here as it is there.

use crate::series::Series;

/// How a field is stored and rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `false` when unset.
    Bool,
    /// `0` when unset.
    Int,
    /// Always rendered with a fraction, `2.0`.
    Float,
    /// Text, selection, date: `false` when unset.
    Text,
    /// many2one: `[id, name]` when read, `false` when unset.
    One(&'static str),
    /// one2many or many2many: a list of ids.
    Many(&'static str),
}

/// A field and the series that have it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    from: Series,
    to: Series,
}

/// A model: its technical name, the name people see, its fields.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    fields: &'static [Field],
}

const fn f(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, from: V16, to: V19 }
}

const fn between(field: Field, from: Series, to: Series) -> Field {
    Field { name: field.name, kind: field.kind, from, to }
}

use Kind::{Bool, Float, Int, Many, One, Text};
use Series::{V16, V17, V18, V19};

/// Fields of every model.
const COMMON: &[Field] = &[f("id", Int), f("display_name", Text), f("create_date", Text), f("write_date", Text)];

const MODELS: &[Model] = &[
    Model {
        name: "res.partner",
        label: "Contact",
        fields: &[f("name", Text), f("ref", Text), f("email", Text), f("active", Bool)],
    },
    Model {
        name: "product.product",
        label: "Product Variant",
        fields: &[
            f("name", Text),
            f("default_code", Text),
            f("list_price", Float),
            f("type", Text),
            between(f("detailed_type", Text), V16, V17),
            between(f("is_storable", Bool), V18, V19),
            f("active", Bool),
            f("sale_ok", Bool),
            f("qty_available", Float),
            f("free_qty", Float),
        ],
    },
    Model {
        name: "stock.warehouse",
        label: "Warehouse",
        fields: &[f("name", Text), f("code", Text), f("lot_stock_id", One("stock.location"))],
    },
    Model {
        name: "stock.location",
        label: "Inventory Locations",
        fields: &[f("name", Text), f("usage", Text), f("active", Bool)],
    },
    Model {
        name: "stock.quant",
        label: "Quants",
        fields: &[
            f("product_id", One("product.product")),
            f("location_id", One("stock.location")),
            f("quantity", Float),
            f("reserved_quantity", Float),
            f("inventory_quantity", Float),
        ],
    },
    Model {
        name: "sale.order",
        label: "Sales Order",
        fields: &[
            f("name", Text),
            f("state", Text),
            f("partner_id", One("res.partner")),
            f("client_order_ref", Text),
            f("origin", Text),
            f("note", Text),
            f("date_order", Text),
            f("amount_total", Float),
            f("invoice_status", Text),
            f("order_line", Many("sale.order.line")),
            f("picking_ids", Many("stock.picking")),
            f("invoice_ids", Many("account.move")),
            f("warehouse_id", One("stock.warehouse")),
            between(f("locked", Bool), V17, V19),
        ],
    },
    Model {
        name: "sale.order.line",
        label: "Sales Order Line",
        fields: &[
            f("name", Text),
            f("order_id", One("sale.order")),
            f("product_id", One("product.product")),
            f("product_uom_qty", Float),
            f("price_unit", Float),
            f("state", Text),
        ],
    },
    Model {
        name: "stock.picking",
        label: "Transfer",
        fields: &[
            f("name", Text),
            f("state", Text),
            f("origin", Text),
            f("partner_id", One("res.partner")),
            f("sale_id", One("sale.order")),
            f("move_ids", Many("stock.move")),
            f("products_availability_state", Text),
            f("scheduled_date", Text),
        ],
    },
    Model {
        name: "stock.move",
        label: "Stock Move",
        fields: &[
            between(f("name", Text), V16, V18),
            f("state", Text),
            f("picking_id", One("stock.picking")),
            f("product_id", One("product.product")),
            f("product_uom_qty", Float),
            between(f("reserved_availability", Float), V16, V16),
            between(f("quantity", Float), V17, V19),
        ],
    },
    Model {
        name: "ir.module.module",
        label: "Module",
        fields: &[f("name", Text), f("installed_version", Text), f("state", Text)],
    },
    Model {
        name: "ir.cron",
        label: "Scheduled Actions",
        fields: &[
            f("cron_name", Text),
            f("active", Bool),
            f("nextcall", Text),
            f("lastcall", Text),
            between(f("numbercall", Int), V16, V17),
            between(f("doall", Bool), V16, V17),
            between(f("failure_count", Int), V18, V19),
            between(f("first_failure_date", Text), V18, V19),
        ],
    },
    Model {
        name: "mail.mail",
        label: "Outgoing Mails",
        fields: &[f("state", Text), f("failure_type", Text), f("failure_reason", Text), f("scheduled_date", Text)],
    },
    Model { name: "ir.config_parameter", label: "System Parameter", fields: &[f("key", Text), f("value", Text)] },
];

/// The model of that name.
pub(crate) fn model(name: &str) -> Option<&'static Model> {
    MODELS.iter().find(|model| model.name == name)
}

impl Model {
    /// Its fields in a series, the common ones first.
    pub(crate) fn fields(&self, series: Series) -> impl Iterator<Item = &'static Field> + use<> {
        COMMON.iter().chain(self.fields).filter(move |field| field.from <= series && series <= field.to)
    }

    /// One field by name.
    pub(crate) fn field(&self, series: Series, name: &str) -> Option<&'static Field> {
        self.fields(series).find(|field| field.name == name)
    }

    /// Whether a search leaves out archived records.
    pub(crate) fn archives(&self) -> bool {
        self.fields.iter().any(|field| field.name == "active")
    }
}
