export { ADDRESS_REQUESTS_PER_SECOND, TENANT_REQUESTS_PER_SECOND } from './config.ts';
export { requireQuota } from './quotas.ts';
export { createRateLimits, type RateLimits } from './rate-limits.ts';
export { limitProcedures } from './router.ts';
export { findStops, requireNotStopped, type Stop, type StopState } from './stop-state.ts';
