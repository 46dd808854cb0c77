export { readHeadsBelow } from './chain.ts';
export { auditProcedures } from './router.ts';
