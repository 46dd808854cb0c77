// Column shapes that every table shares.
import { sql } from '../drizzle.ts';
import { bigint, customType, timestamp, uuid } from '../drizzle-columns.ts';

/** An instant, exact to the millisecond as JavaScript dates are. */
export const instant = (name: string) => timestamp(name, { precision: 3, withTimezone: true, mode: 'date' });
export const id = () => uuid('id').notNull().default(sql`ms_uuid()`);
export const tenantId = () => uuid('tenant_id').notNull();
export const count = (name: string) => bigint(name, { mode: 'number' });
export const bytea = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' });
/** The writing transaction's 64-bit id: the first half of every cursor that must not lose late commits. */
export const tx = () => xid8('tx').notNull().default(sql`pg_current_xact_id()`);
export const xid8 = customType<{ data: string; driverData: string }>({ dataType: () => 'xid8' });
