import { pgTable, primaryKey, text, uuid } from '../drizzle-columns.ts';
import { count, instant, tenantId, xid8 } from './columns.ts';

export const exportCheckpoints = pgTable(
  'export_checkpoints',
  {
    tenantId: tenantId(),
    dataSet: text('data_set').notNull(),
    tx: xid8('tx').notNull().default('0'),
    lastId: uuid('last_id').notNull().default('00000000-0000-0000-0000-000000000000'),
    exported: count('exported').notNull().default(0),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
    plannedTx: xid8('planned_tx'),
    plannedId: uuid('planned_id'),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.dataSet] })],
);
