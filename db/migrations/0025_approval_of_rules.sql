-- A change of the rules of approval that loosens them is a request, too: one without a pipeline. Its versions are those of
-- the rules; what they were and are to be stands in it, because the settings keep the latest only.
ALTER TABLE approval_requests
  ALTER COLUMN pipeline_id DROP NOT NULL,
  ADD COLUMN rules_before jsonb,
  ADD COLUMN rules_after jsonb,
  ADD CONSTRAINT approval_requests_subject_check
    CHECK (num_nulls(pipeline_id, rules_after) = 1 AND (pipeline_id IS NULL) = (rules_before IS NOT NULL));--> statement-breakpoint
CREATE UNIQUE INDEX approval_requests_rules_open ON approval_requests (tenant_id) WHERE state = 'open' AND pipeline_id IS NULL;
