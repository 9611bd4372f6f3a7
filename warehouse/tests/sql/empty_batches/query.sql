-- Batch 1 was empty. Of the batches 3 to 5 one held the lost event; the others were empty.
select batches_expected, batches_received, batches_lost, events_lost from ledger;
