//! Real servers of other people, each with three verbs: `unavailable` says why it cannot be started here, if so, `start` starts
//! it on a free port with its data in a folder of the test, and dropping it stops it.

pub mod blackbox;
pub mod odoo;
pub mod openssl;
pub mod postgres;
pub mod prometheus;
pub mod registry;
