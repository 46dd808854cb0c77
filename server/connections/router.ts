import { withTransaction } from '#server/lib/index.ts';
import { mutation, procedure, transacted } from '#server/procedure.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { checkAddresses } from './check-addresses.ts';
import { parseParts } from './parse-parts.ts';
import { getConnection, listConnections } from './read-connections.ts';
import { listUses } from './read-uses.ts';
import { rotateKeys } from './rotate.ts';
import { findRow } from './rows.ts';
import {
  Connection,
  ConnectionList,
  ConnectionRef,
  ConnectionUses,
  CreateConnectionInput,
  DeleteOutput,
  ListConnectionsInput,
  RotateOutput,
  TestOutput,
  UpdateConnectionInput,
} from './schemas.ts';
import { services } from './services.ts';
import { testConnection } from './test-connection.ts';
import { createConnection, deleteConnection, mergeParts, updateConnection } from './write-connection.ts';

const WRITE_ERRORS = [
  'CONNECTION_NAME_TAKEN',
  'ADDRESS_REFUSED',
  'OUTBOUND_UNREACHABLE',
  'SECRETS_UNAVAILABLE',
] as const;

export const connectionProcedures = {
  list: procedure
    .meta({
      rest: 'GET /connections',
      summary: 'Lists the connections by name; never a secret.',
      scope: 'connections:read',
      output: ConnectionList,
    })
    .input(ListConnectionsInput)
    .query(({ ctx, input }) => listConnections(ctx, input)),
  get: procedure
    .meta({
      rest: 'GET /connections/:id',
      summary: 'Gives one connection by id or name; never a secret.',
      scope: 'connections:read',
      output: Connection,
      errors: ['CONNECTION_NOT_FOUND'],
    })
    .input(ConnectionRef)
    .query(({ ctx, input }) => getConnection(ctx, input)),
  uses: procedure
    .meta({
      rest: 'GET /connections/:id/uses',
      summary: 'Names the pipelines whose live or newest version uses the connection.',
      scope: 'connections:read',
      output: ConnectionUses,
      errors: ['CONNECTION_NOT_FOUND'],
    })
    .input(ConnectionRef)
    .query(({ ctx, input }) => listUses(ctx, input)),
  create: procedure
    .meta({
      rest: 'POST /connections',
      summary: 'Makes a named connection to another system; its secrets are sealed and never answered.',
      scope: 'connections:write',
      audit: 'connection.create',
      status: 201,
      secrets: { input: ['secrets'] },
      output: Connection,
      errors: [...WRITE_ERRORS, 'QUOTA_EXCEEDED'],
    })
    .input(CreateConnectionInput)
    .use(async ({ input, next }) => {
      // Names are resolved before the transaction: nothing outside the database is waited for inside.
      await checkAddresses(services().outbound, input.kind, parseParts(input.kind, input));
      return next();
    })
    .use(transacted)
    .mutation(({ ctx, input }) => createConnection(ctx, input)),
  update: procedure
    .meta({
      rest: 'PATCH /connections/:id',
      summary: 'Changes a connection; secrets that are not named stay, null removes one.',
      scope: 'connections:write',
      audit: 'connection.update',
      secrets: { input: ['secrets'] },
      output: Connection,
      errors: [...WRITE_ERRORS, 'CONNECTION_NOT_FOUND', 'VERSION_STALE'],
    })
    .input(UpdateConnectionInput)
    .use(async ({ ctx, input, next }) => {
      const operation = ctx as unknown as Ctx;
      const row = await withTransaction(operation, (tx) => findRow(tx, operation.tenant.id, input.id));
      await checkAddresses(services().outbound, row.kind, parseParts(row.kind, mergeParts(operation, row, input)));
      return next();
    })
    .use(transacted)
    .mutation(({ ctx, input }) => updateConnection(ctx, input)),
  // Not in one transaction: it waits for the other side. Trying twice does no more than trying once.
  test: procedure
    .meta({
      rest: 'POST /connections/:id/test',
      summary: 'Tries the connection and says what came of it.',
      scope: 'connections:write',
      audit: 'connection.test',
      output: TestOutput,
      errors: ['CONNECTION_NOT_FOUND', 'SECRETS_UNAVAILABLE'],
    })
    .input(ConnectionRef)
    .mutation(({ ctx, input }) => testConnection(ctx, input)),
  delete: mutation
    .meta({
      rest: 'DELETE /connections/:id',
      summary: 'Removes a connection with its secrets; what uses it fails from then on.',
      scope: 'connections:write',
      audit: 'connection.delete',
      output: DeleteOutput,
      errors: ['CONNECTION_NOT_FOUND'],
    })
    .input(ConnectionRef)
    .mutation(({ ctx, input }) => deleteConnection(ctx, input)),
  // Not in one transaction: a batch at a time, while everybody else goes on.
  rotateKeys: procedure
    .meta({
      rest: 'POST /instance/secrets/rotate',
      summary: 'Makes a new key and seals every stored secret of all tenants with it; call again until none remains.',
      scope: 'instance:write',
      audience: 'instance',
      audit: 'secrets.rotate',
      output: RotateOutput,
      errors: ['SECRETS_UNAVAILABLE'],
    })
    .mutation(({ ctx }) => rotateKeys(ctx)),
};
