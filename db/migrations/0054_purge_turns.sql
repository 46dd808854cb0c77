-- When a run of the job last took the purge up: whose turn is the oldest comes first in the next run.
ALTER TABLE retention_purges ADD COLUMN taken_up_at timestamptz(3);
