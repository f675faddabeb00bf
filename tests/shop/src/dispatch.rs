//! Which code a method of a model is: the ORM's for all models, or the model's own. Called by `server` for each call.

use crate::{
    call::Call,
    database::Database,
    model, orm,
    raised::{Answer, Raised},
    schema,
    series::Series,
};

impl Database {
    /// Runs a method as a user, `Ok(None)` being Python's None.
    pub(crate) fn run(&mut self, call: &Call<'_>) -> Answer {
        let series = self.tables.series;
        let model = schema::model(call.model).ok_or_else(|| Raised::no_model(call.model))?;
        if call.method.starts_with('_') {
            let by_name = matches!(series, Series::V17 | Series::V19);
            return Err(if by_name || model::has_private(model, call.method) {
                Raised::private(series, call.model, call.method)
            } else {
                Raised::no_method(series, call.model, call.method)
            });
        }
        if let Some(answer) = orm::run(self, model, call) {
            return answer;
        }
        model::run(self, model, call).unwrap_or_else(|| Err(Raised::no_method(series, call.model, call.method)))
    }
}
