import type { ReportTemplate } from '#db/schema/index.ts';
import { fleetSummary } from './fleet-summary.ts';
import { retentionReceipt } from './retention-receipt.ts';
import { sla } from './sla.ts';
import type { Template } from './template.ts';

export const TEMPLATES: Record<ReportTemplate, Template> = {
  fleet_summary: fleetSummary,
  sla,
  retention_receipt: retentionReceipt,
};
export { type Composed, MAX_ROWS, type Period, type ReportCell } from './template.ts';
