//! What of our plans is not the engine's own, as bytes between the processes: the compaction of a part, and checked arithmetic,
//! which is known by its name. All else of our functions each process has under the names of the engine's.

use std::sync::Arc;

use ballista_core::serde::BallistaPhysicalExtensionCodec;
use datafusion::common::{Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::logical_expr::ScalarUDF;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};

use crate::compact::{CompactExec, Here};

/// Ballista's own messages are protobuf, and none begins so.
const COMPACT: &[u8] = b"warehouse compact ";

/// Reads and writes plans.
#[derive(Debug, Default)]
pub struct Codec {
    ballista: BallistaPhysicalExtensionCodec,
    /// What an executor compacts with; none for who only passes plans on.
    here: Option<Here>,
}

impl Codec {
    /// Of an executor.
    pub fn of_executor(here: Here) -> Self {
        Self { here: Some(here), ..Self::default() }
    }
}

impl PhysicalExtensionCodec for Codec {
    fn try_decode(
        &self,
        bytes: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Some(store) = bytes.strip_prefix(COMPACT) else {
            return self.ballista.try_decode(bytes, inputs, context, converter);
        };
        match (std::str::from_utf8(store), inputs) {
            (Ok(store), [parts]) => Ok(Arc::new(CompactExec::new(parts.clone(), store, self.here.clone()))),
            _ => internal_err!("a compaction with {} inputs, of a store that is no text or not one", inputs.len()),
        }
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        bytes: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        match node.downcast_ref::<CompactExec>() {
            Some(compaction) => {
                bytes.extend_from_slice(COMPACT);
                bytes.extend_from_slice(compaction.store().as_bytes());
                Ok(())
            }
            None => self.ballista.try_encode(node, bytes, converter),
        }
    }

    fn try_decode_udf(&self, name: &str, bytes: &[u8]) -> Result<Arc<ScalarUDF>> {
        match warehouse::operation(name) {
            Some(operation) => Ok(Arc::new(operation)),
            None => self.ballista.try_decode_udf(name, bytes),
        }
    }
}
