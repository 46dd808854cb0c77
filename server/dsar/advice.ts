// What somebody can do about rows that an erasure leaves, by store, as a receipt says it.

const ADVICE: Readonly<Record<string, string>> = {
  audit_log: 'rows of the audit log stay as they are: a changed one would break its chain',
  model_versions:
    'a version of a model may have learned the id as a value: delete the model, or train it without that column until the version is gone',
  outbox_events:
    'failed events of other keys stay as long as they can be requeued: requeue or discard them, and ask again; others are of a customer on hold, or name the id where it can be something else',
  run_files: 'names of files stay as long as their runs, so that no file is read twice',
  idempotency_keys: 'keys that clients chose stay until they expire, so that no request is carried out twice',
  exported_lines: 'lines of customers on hold stay as they are; look in others whether it is the id that stands there',
};
const OTHERWISE =
  'records of customers on hold stay as they are; in others look whether it is the id, and not a number or a word like it, that stands there';

/** By store, for each that kept rows or may name the subject. */
export const adviceOn = (left: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(Object.keys(left).map((store) => [store, ADVICE[store] ?? OTHERWISE]));
