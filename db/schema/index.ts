// The typed mirror of db/migrations; db/schema.db.test.ts holds it to the live catalogue.

export * from './alerts.ts';
export * from './approvals.ts';
export * from './audit.ts';
export * from './dsar.ts';
export * from './engagement.ts';
export * from './exports.ts';
export * from './gitops.ts';
export * from './identity.ts';
export * from './interactions.ts';
export * from './locks.ts';
export * from './models.ts';
export * from './operations.ts';
export * from './outbox.ts';
export * from './pipelines.ts';
export * from './reports.ts';
export * from './retention.ts';
export * from './runs.ts';
export * from './siem.ts';
