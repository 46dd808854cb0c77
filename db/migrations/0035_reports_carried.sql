-- What the next report of a schedule must know of the last one: which instants were open when it was made, and how much of
-- a stretch is in it already. Null: there was none, or it had nothing to leave.
ALTER TABLE report_schedules ADD COLUMN carried jsonb;--> statement-breakpoint

-- When the workers' loop of reports is due again: apart from that of the alerts, which do not wait for a report.
ALTER TABLE alert_loop ADD COLUMN reports_next_at timestamptz(3) NOT NULL DEFAULT now();
