// Cron jobs, and the audit log with its shipping.
import type { ErrorRow } from './error-row.ts';

export const JOB_ERRORS = {
  JOB_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'There is no such cron job.' },
  JOB_RUNNING: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The cron job runs already.' },
  JOB_NOT_RUNNABLE: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'The cron job cannot be started by hand.' },
  JOB_LEASE_LOST: { http: 409, trpc: 'CONFLICT', level: 'warn', says: 'Another run of the cron job holds its lease.' },
  JOB_TIMED_OUT: {
    http: 500,
    trpc: 'INTERNAL_SERVER_ERROR',
    level: 'error',
    says: 'The cron job was stopped at its time limit; its next run goes on from there.',
  },
  JOB_STOPPED: {
    http: 503,
    trpc: 'SERVICE_UNAVAILABLE',
    level: 'warn',
    says: 'The cron job was stopped because its process ends; its next run goes on from there.',
  },
  AUDIT_ENTRY_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This log has no such entry.' },
  SIEM_ROW_NOT_FOUND: {
    http: 404,
    trpc: 'NOT_FOUND',
    level: 'info',
    says: 'None of these audit rows of this tenant was set aside by the SIEM’s shipment.',
  },
} as const satisfies Record<string, ErrorRow>;
