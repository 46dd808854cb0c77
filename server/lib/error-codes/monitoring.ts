// Alerts, reports, and the ways to tell people.
import type { ErrorRow } from './error-row.ts';

export const MONITORING_ERRORS = {
  ALERT_RULE_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such alert rule.' },
  ALERT_RULE_NAME_TAKEN: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'Another alert rule has this name.' },
  ALERT_RULES_FULL: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The tenant has as many alert rules as it may.',
  },
  REPORT_SCHEDULE_NOT_FOUND: {
    http: 404,
    trpc: 'NOT_FOUND',
    level: 'info',
    says: 'This tenant has no such report schedule.',
  },
  REPORT_NOT_FOUND: { http: 404, trpc: 'NOT_FOUND', level: 'info', says: 'This tenant has no such report.' },
  REPORT_NAME_TAKEN: { http: 409, trpc: 'CONFLICT', level: 'info', says: 'Another report schedule has this name.' },
  REPORTS_FULL: {
    http: 409,
    trpc: 'CONFLICT',
    level: 'info',
    says: 'The tenant has as many report schedules as it may.',
  },
  CHANNEL_UNAVAILABLE: {
    http: 500,
    trpc: 'INTERNAL_SERVER_ERROR',
    level: 'warn',
    says: 'A way to notify people is not configured.',
  },
  CHANNEL_REFUSED: {
    http: 500,
    trpc: 'INTERNAL_SERVER_ERROR',
    level: 'warn',
    says: 'The receiver of a notification refused it.',
  },
} as const satisfies Record<string, ErrorRow>;
