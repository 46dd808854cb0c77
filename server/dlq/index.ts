export { countDlq, listDlq } from './list-dlq.ts';
export { DlqFullError, type DlqLimits, MAX_PAYLOAD_BYTES, type ParkScope, parkRejects } from './park.ts';
export { DlqCounts, DlqEntry, DlqFilter, DlqPage, ListDlqInput } from './schemas.ts';
