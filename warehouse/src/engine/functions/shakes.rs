//! `pointer_shakes(occurred_at, seq, dt, x, y, pressed, reversals_min, angle_deg, leg_px, path_px, net_share, within_ms)`: the times
//! that the pointer was shaken, over all rows of a page view in any order. A row is a trail, or tells that a button went down
//! (`pressed` is true) or up (false). The rule is [`shakes`]; `thrashing_pointer.sql` asks for it.
//!
//! As windows in SQL each sample of a trail is a row with the five texts of its page view, which are sorted by these: 12 million
//! samples did not fit in the 4 GiB of a statement. Here a trail is a row, and 32 bytes a step are held of one page view, if
//! the trails come in the order of the columns by which they are grouped; of all of them otherwise.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, RecordBatch, StructArray,
};
use datafusion::arrow::datatypes::{
    DataType, Field, FieldRef, Fields, Float64Type, Int64Type, Schema, TimeUnit, TimestampMicrosecondType,
};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, ColumnarValue, ReversedUDAF, Signature, Volatility};
use datafusion::physical_expr::PhysicalExpr;

use crate::friction::shakes::{Press, Rule, Shake, Step, add_trail, shakes};

const USAGE: &str = "pointer_shakes takes the columns occurred_at, seq, dt, x and y of trails, pressed of buttons, and six numbers: \
                     reversals_min, angle_deg, leg_px, path_px, net_share, within_ms";
/// Columns of a row, before the numbers; the first of them are those of a trail.
const COLUMNS: usize = 6;
const TRAIL_COLUMNS: usize = 5;

fn number(name: &str, kind: DataType) -> Field {
    Field::new(name, kind, false)
}

fn list_of(fields: &Fields) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Struct(fields.clone()), false)))
}

/// What it gives: [`Shake`], in its order.
static SHAKE: LazyLock<Fields> = LazyLock::new(|| {
    ["seq", "at_us", "end_us", "turns"].map(|name| number(name, DataType::Int64)).into_iter().collect()
});

/// What it holds: [`Press`], in its order.
static PRESS: LazyLock<Fields> = LazyLock::new(|| {
    let numbers = ["seq", "at_us"].map(|name| number(name, DataType::Int64)).into_iter();
    numbers.chain([number("down", DataType::Boolean)]).collect()
});

/// And [`Step`], in its order.
static STEP: LazyLock<Fields> = LazyLock::new(|| {
    let columns = ["at_us", "seq"].map(|name| number(name, DataType::Int64)).into_iter();
    columns.chain(["x", "y"].map(|name| number(name, DataType::Float64))).collect()
});

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct PointerShakes {
    signature: Signature,
}

impl PointerShakes {
    pub(super) fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for PointerShakes {
    fn name(&self) -> &'static str {
        "pointer_shakes"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let [_, _, dt, x, y, _, _, _, _, _, _, _] = arguments else { return plan_err!("{USAGE}") };
        let is_number_list =
            |kind: &&DataType| matches!(kind, DataType::List(element) if *element.data_type() == DataType::Float64);
        if ![dt, x, y].iter().all(is_number_list) {
            return plan_err!("{USAGE}");
        }
        let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let columns = [time, DataType::Int64, dt.clone(), x.clone(), y.clone(), DataType::Boolean];
        Ok(columns.into_iter().chain(std::iter::repeat_n(DataType::Float64, arguments.len() - COLUMNS)).collect())
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(list_of(&SHAKE))
    }

    fn state_fields(&self, _: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = |name, fields: &Fields| Arc::new(Field::new(name, list_of(fields), false));
        Ok(vec![list("pointer_shakes[steps]", &STEP), list("pointer_shakes[presses]", &PRESS)])
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let numbers = arguments.exprs.iter().skip(COLUMNS).map(constant).collect::<Result<Vec<_>>>()?;
        let [reversals_min, angle_deg, leg_px, path_px, net_share, within_ms] = numbers[..] else {
            return plan_err!("{USAGE}");
        };
        if within_ms < 0.0 {
            return exec_err!("pointer_shakes within {within_ms} ms: from 0 on");
        }
        let within_us = (within_ms * 1e3) as i64;
        let rule = Rule { reversals_min, angle_deg, leg_px, path_px, net_share, within_us };
        Ok(Box::new(Walk { rule, steps: Vec::new(), presses: Vec::new() }))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }
}

/// A threshold is one for all rows.
fn constant(number: &Arc<dyn PhysicalExpr>) -> Result<f64> {
    match number.evaluate(&RecordBatch::new_empty(Arc::new(Schema::empty()))) {
        Ok(ColumnarValue::Scalar(ScalarValue::Float64(Some(number)))) => Ok(number),
        _ => exec_err!("pointer_shakes takes numbers that are the same for all rows, not {number}"),
    }
}

/// What is known of one page view.
#[derive(Debug)]
struct Walk {
    rule: Rule,
    steps: Vec<Step>,
    presses: Vec<Press>,
}

impl Accumulator for Walk {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let times = values[0].as_primitive::<TimestampMicrosecondType>();
        let seqs = values[1].as_primitive::<Int64Type>();
        let lists = [&values[2], &values[3], &values[4]].map(|lists| lists.as_list::<i32>());
        let is_whole = |row: &usize| values[..TRAIL_COLUMNS].iter().all(|column| column.is_valid(*row));
        for row in (0..times.len()).filter(is_whole) {
            let [dt, x, y] = lists.map(|lists| lists.value(row));
            let [dt, x, y] = [&dt, &x, &y].map(|numbers| numbers.as_primitive::<Float64Type>());
            let samples = dt.iter().zip(x).zip(y).map(|((dt, x), y)| (dt, x, y));
            add_trail(&mut self.steps, times.value(row), seqs.value(row), samples);
        }
        let rows = times.iter().zip(seqs).zip(values[TRAIL_COLUMNS].as_boolean());
        self.presses
            .extend(rows.filter_map(|((at_us, seq), down)| Some(Press { seq: seq?, at_us: at_us?, down: down? })));
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for steps in states[0].as_list::<i32>().iter().flatten() {
            let columns = steps.as_struct();
            let [at_us, seq] = [0, 1].map(|place| columns.column(place).as_primitive::<Int64Type>().values());
            let [x, y] = [2, 3].map(|place| columns.column(place).as_primitive::<Float64Type>().values());
            self.steps.extend((0..steps.len()).map(|n| Step { at_us: at_us[n], seq: seq[n], x: x[n], y: y[n] }));
        }
        for presses in states[1].as_list::<i32>().iter().flatten() {
            let columns = presses.as_struct();
            let [seq, at_us] = [0, 1].map(|place| columns.column(place).as_primitive::<Int64Type>().values());
            let down = columns.column(2).as_boolean();
            self.presses.extend((0..presses.len()).map(|n| Press {
                seq: seq[n],
                at_us: at_us[n],
                down: down.value(n),
            }));
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let (steps, presses) = (std::mem::take(&mut self.steps), std::mem::take(&mut self.presses));
        let steps = one_list(
            &STEP,
            vec![
                Arc::new(steps.iter().map(|step| step.at_us).collect::<Int64Array>()),
                Arc::new(steps.iter().map(|step| step.seq).collect::<Int64Array>()),
                Arc::new(steps.iter().map(|step| step.x).collect::<Float64Array>()),
                Arc::new(steps.iter().map(|step| step.y).collect::<Float64Array>()),
            ],
        )?;
        let presses = one_list(
            &PRESS,
            vec![
                Arc::new(presses.iter().map(|press| press.seq).collect::<Int64Array>()),
                Arc::new(presses.iter().map(|press| press.at_us).collect::<Int64Array>()),
                Arc::new(presses.iter().map(|press| Some(press.down)).collect::<BooleanArray>()),
            ],
        )?;
        Ok(vec![steps, presses])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        // A window asks again when it has seen more.
        let found = shakes(self.steps.clone(), self.presses.clone(), &self.rule);
        let of: [fn(&Shake) -> i64; 4] =
            [|shake| shake.seq, |shake| shake.at_us, |shake| shake.end_us, |shake| shake.turns];
        one_list(&SHAKE, of.map(|of| -> ArrayRef { Arc::new(found.iter().map(of).collect::<Int64Array>()) }).into())
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.steps.capacity() * size_of::<Step>() + self.presses.capacity() * size_of::<Press>()
    }
}

fn one_list(fields: &Fields, columns: Vec<ArrayRef>) -> Result<ScalarValue> {
    let rows = StructArray::try_new(fields.clone(), columns, None)?;
    Ok(SingleRowListArrayBuilder::new(Arc::new(rows)).with_nullable(false).build_list_scalar())
}

#[cfg(test)]
mod tests {
    use datafusion::prelude::SessionContext;

    async fn asked(numbers: &str) -> String {
        answered(numbers, "", "group by view order by view").await
    }

    async fn answered(numbers: &str, over: &str, rest: &str) -> String {
        let context = SessionContext::new();
        super::super::register(&context);
        // The same page view in two trails, which come last first; one that has none; and one whose button was pressed.
        let sql = format!(
            "select view, pointer_shakes(to_timestamp_micros(at), seq, dt, x, y, pressed, {numbers}) {over} as shakes from (values \
             ('a', 200000, 2, [0.0, 50.0, 50.0, 50.0], [0.0, 100.0, 0.0, 100.0], [0.0, 0.0, 0.0, 0.0], null), \
             ('a', 0, 1, [0.0, 50.0, 50.0, 50.0], [0.0, 100.0, 0.0, 100.0], [0.0, 0.0, 0.0, 0.0], null), \
             ('b', 0, 1, null, [0.0], [0.0], null), \
             ('c', 400000, 3, null, null, null, false), ('c', -100000, 1, null, null, null, true), \
             ('c', 0, 2, [0.0, 50.0, 50.0, 50.0, 50.0, 50.0, 50.0], [0.0, 100.0, 0.0, 100.0, 0.0, 100.0, 0.0], \
              [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], null)) as trails (view, at, seq, dt, x, y, pressed) {rest}"
        );
        let rows = match context.sql(&sql).await {
            Ok(rows) => rows.collect().await,
            Err(error) => Err(error),
        };
        match rows {
            Ok(batches) => datafusion::arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn trails_of_all_parts_are_one_walk() {
        let table = asked("5, 135, 30, 600, 0.25, 1000").await;
        assert!(table.contains("| a    | [{seq: 2, at_us: 300000, end_us: 350000, turns: 6}] |"), "{table}");
        assert!(table.contains("| b    | [] ") && table.contains("| c    | [] "), "{table}");
    }

    #[tokio::test]
    async fn a_window_sees_all_trails_so_far() {
        let over = "over (partition by view order by at desc)";
        let table = answered("5, 135, 30, 600, 0.25, 1000", over, "order by view, at desc").await;
        let of_a: Vec<&str> = table.lines().filter(|line| line.starts_with("| a")).collect();
        assert!(of_a.len() == 2 && of_a[0].contains("[]") && of_a[1].contains("turns: 6"), "{table}");
    }

    #[tokio::test]
    async fn numbers_that_are_none_are_refused() {
        for numbers in [
            "5, 135, 30, 600, 0.25",
            "5, 135, 30, 600, seq, 1000",
            "5, 135, 30, 600, 0.25, -1",
            "5, 135, 30, 600, null, 1",
        ] {
            let told = asked(numbers).await;
            assert!(told.contains("pointer_shakes"), "{numbers}: {told}");
        }
    }
}
