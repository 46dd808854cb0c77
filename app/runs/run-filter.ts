import type { RunStatus } from '#server/web/index.ts';
import { pageSizeOf } from '../ui/page-size.ts';
import { runLook } from '../ui/status-pill.tsx';

export const RUN_CHOICES = {
  name: 'status',
  label: 'Status',
  options: (['running', 'queued', 'succeeded', 'failed', 'cancelled'] as const).map((value) => ({
    value,
    label: runLook[value].label,
  })),
};

const isStatus = (value: string): value is RunStatus => Object.hasOwn(runLook, value);

/** What the address asks of a list of runs. */
export function runFilter(request: Request): { limit: number; status?: RunStatus; cursor?: string } {
  const { searchParams } = new URL(request.url);
  const status = searchParams.get('status') ?? '';
  const cursor = searchParams.get('cursor');
  return { limit: pageSizeOf(request), ...(isStatus(status) ? { status } : {}), ...(cursor ? { cursor } : {}) };
}
