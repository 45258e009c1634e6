-- name: undone_batches
-- The batches of a batch's site whose credits may have been deducted: those that a reversal names, and all of them once
-- deductions were learned from Chargebee's list, which does not say what they undo.
SELECT u.batch_id FROM batch u WHERE u.site_id = (SELECT site_id FROM batch WHERE batch_id = :batch) AND u.kind = 'add'
  AND (u.key IN (SELECT reverses FROM batch WHERE reverses IS NOT NULL)
       OR EXISTS (SELECT 1 FROM batch d WHERE d.site_id = u.site_id AND d.kind = 'deduct' AND d.reverses IS NULL));
