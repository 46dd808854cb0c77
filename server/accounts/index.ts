export { accountProcedures } from './router.ts';
