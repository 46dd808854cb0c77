// What somebody can do about rows that an erasure leaves, by store, as a receipt says it.

const DOCUMENT =
  'what people of the tenant wrote stays as it is: look whether the id stands in it, as in a filter; save and publish it without, and know that earlier versions stay';
const WORDS =
  'what people of the tenant wrote stays as it is: look whether the id stands in it, and write it anew without where that can be done';

const ADVICE: Readonly<Record<string, string>> = {
  ...{ pipelines: DOCUMENT, pipeline_versions: DOCUMENT, models: DOCUMENT },
  gitops_documents:
    'documents are read from Git: take the id out of them there, and out of its history; the next check reads them anew',
  ...{
    schedules: WORDS,
    model_promotions: WORDS,
    approval_requests: WORDS,
    approval_votes: WORDS,
    tenant_stops: WORDS,
  },
  retention_policies: WORDS,
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
