import { keyProcedures } from './router-keys.ts';
import { ownProcedures } from './router-own.ts';
import { tenantProcedures } from './router-tenants.ts';
import { userProcedures } from './router-users.ts';

export const accountProcedures = { ...ownProcedures, ...userProcedures, ...keyProcedures, ...tenantProcedures };
