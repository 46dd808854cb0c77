// THE table of walks: how each procedure could be asked for another tenant's things. A procedure that is not here fails
// the tests beside it (isolation, access matrix, CSRF): add a line to INPUTS in its room's file in walks/, and to
// ANSWERS_ALL there when it answers with a success although what was named is nowhere. Ids to name come from fillTenant
// (db/testing/fill-tenant.ts).
import * as accounts from './walks/accounts.ts';
import * as customerData from './walks/customer-data.ts';
import * as events from './walks/events.ts';
import * as figures from './walks/figures.ts';
import * as jobs from './walks/jobs.ts';
import type { Walks } from './walks/names.ts';
import * as operations from './walks/operations.ts';
import * as pipelines from './walks/pipelines.ts';

export { document, type Input, type Names, namesOfNowhere } from './walks/names.ts';

/** In the order in which they are walked: some find what those before them left. */
const tables = [operations, accounts, pipelines, events, figures, customerData, jobs];

/** How each procedure could be asked for another tenant's things. */
export const INPUTS: Walks = Object.assign({}, ...tables.map((table) => table.INPUTS));

/** Those whose answer for names that are nowhere is a success; everywhere else it must be a 404. */
export const ANSWERS_ALL: readonly string[] = tables.flatMap((table) => table.ANSWERS_ALL);
