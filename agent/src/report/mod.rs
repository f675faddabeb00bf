//! Shell: sends what the spool holds, oldest first, until the aggregator has it. Scheduling and running never wait for
//! it; when it stops it tries once more to send the rest.

pub mod backoff;
pub mod batch;
pub mod metrics;

use std::time::Duration;

use api::frame::{Conflict, codec};
use process::clock::SharedClock;
use process::supervise::chain;
use tokio_util::sync::CancellationToken;

use crate::disk;
use crate::http::aggregator::{Aggregator, CallError, FrameAnswer};
use crate::spool::{Batch, Spool, SpoolError};
use backoff::Backoff;
use metrics::Metrics;

/// Conflicts in a row after which waiting is wiser: one to go back, one to begin anew.
const CONFLICTS_MAX: u32 = 3;

/// For what is left when the process ends: a frame and its answer take milliseconds, and the grace period is short.
const LAST_REPORT_TIME_MAX: Duration = Duration::from_secs(3);

/// What reports.
pub struct Reporter {
    /// Where records come from.
    pub spool: Spool,
    /// Where they go.
    pub aggregator: Aggregator,
    /// When the last acknowledgement was.
    pub clock: SharedClock,
    /// What is measured.
    pub metrics: Metrics,
}

/// Why reporting ends the process.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The spool is gone.
    #[error("nothing can be reported")]
    Spool(#[from] SpoolError),
    /// No random source.
    #[error("nothing can be reported")]
    Disk(#[from] disk::DiskError),
}

#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("the frame cannot be packed")]
    Codec(#[from] codec::CodecError),
    #[error("the aggregator and the spool do not agree where to go on")]
    Conflict,
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

// === impl Reporter ===

impl Reporter {
    /// Sends until `token` is cancelled; then what is left, as long as the aggregator takes it.
    ///
    /// # Errors
    /// The spool has ended.
    pub async fn run(self, token: CancellationToken) -> Result<(), ReportError> {
        let mut durable = self.spool.durable();
        let mut backoff = Backoff::default();
        loop {
            durable.borrow_and_update();
            let sent = tokio::select! {
                () = token.cancelled() => break,
                sent = self.send_all() => sent,
            };
            let wait = match sent {
                Ok(()) => {
                    backoff.succeeded();
                    tokio::select! {
                        () = token.cancelled() => break,
                        changed = durable.changed() => changed.map_err(|_| SpoolError::Ended)?,
                    }
                    continue;
                }
                Err(error) => self.wait(&mut backoff, error)?,
            };
            tokio::select! {
                () = token.cancelled() => break,
                () = tokio::time::sleep(wait) => {}
            }
        }
        // What is not taken now is on the disk for the next start.
        match tokio::time::timeout(LAST_REPORT_TIME_MAX, self.send_all()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(SendError::Spool(error @ SpoolError::Ended))) => Err(error.into()),
            Ok(Err(error)) => {
                tracing::warn!(error = %chain(&error), "the last report was not taken, it is kept");
                Ok(())
            }
            Err(_elapsed) => {
                tracing::warn!("the last report was not answered in time, it is kept");
                Ok(())
            }
        }
    }

    fn wait(&self, backoff: &mut Backoff, error: SendError) -> Result<Duration, ReportError> {
        let asked = match error {
            SendError::Spool(SpoolError::Disk(ref error)) if error.passes() => None,
            SendError::Spool(error) => return Err(error.into()),
            SendError::Call(ref error) => error.retry_after(),
            SendError::Codec(_) | SendError::Conflict => None,
        };
        let wait = backoff.failed(u64::from_be_bytes(disk::random()?), asked);
        tracing::warn!(error = %chain(&error), wait_ms = wait.as_millis(), "records cannot be reported");
        Ok(wait)
    }

    /// Sends batches until none is left.
    async fn send_all(&self) -> Result<(), SendError> {
        let mut conflicts = 0;
        while let Some(batch) = self.spool.batch().await? {
            match self.send(batch).await? {
                Sent::Taken => conflicts = 0,
                Sent::Conflict if conflicts < CONFLICTS_MAX => conflicts += 1,
                Sent::Conflict => return Err(SendError::Conflict),
            }
        }
        Ok(())
    }

    async fn send(&self, batch: Batch) -> Result<Sent, SendError> {
        let (epoch, first_seq) = (batch.epoch, batch.first_seq);
        let packed = codec::pack(&batch::frame(batch))?;
        match self.aggregator.frame(packed).await? {
            FrameAnswer::Taken(ack) if ack.epoch == epoch && ack.through >= first_seq => {
                if !ack.rejected.is_empty() {
                    tracing::warn!(records = ack.rejected.len(), first = ?ack.rejected[0], "records were rejected");
                }
                self.spool.acknowledge(epoch, ack.through).await?;
                self.metrics.acknowledged(self.clock.wall_ms());
                Ok(Sent::Taken)
            }
            // An acknowledgement that takes nothing would be sent to for ever.
            FrameAnswer::Taken(_) => Err(SendError::Conflict),
            FrameAnswer::Conflict(Conflict::Gap { epoch: of, expected }) if of == epoch => {
                tracing::warn!(first_seq, expected, "the aggregator wants to go on elsewhere");
                self.spool.rewind(epoch, expected).await?;
                Ok(Sent::Conflict)
            }
            FrameAnswer::Conflict(_) => {
                self.spool.fork(epoch).await?;
                Ok(Sent::Conflict)
            }
        }
    }
}

enum Sent {
    Taken,
    Conflict,
}
