-- What a training is doing, for whoever waits for it. Null: not begun, or before this column was.
ALTER TABLE model_versions ADD COLUMN phase text CHECK (phase IN ('reading', 'fitting', 'scoring'));
