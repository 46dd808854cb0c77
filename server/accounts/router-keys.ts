import { mutation, procedure } from '#server/procedure.ts';
import { createKey, listKeys, revokeKey } from './keys.ts';
import { ById, CreateKeyInput, CreateKeyOutput, KeyPage, ListKeysInput, RevokeKeyOutput } from './schemas.ts';

export const keyProcedures = {
  keys: procedure
    .meta({
      ...{ scope: 'keys:read', rest: 'GET /keys', output: KeyPage },
      summary: "Lists the tenant's API keys, newest first; with `state=all` also those that no longer work.",
    })
    .input(ListKeysInput)
    .query(({ ctx, input }) => listKeys(ctx, input)),
  createKey: mutation
    .meta({
      ...{ scope: 'keys:write', rest: 'POST /keys', audit: 'key.create', status: 201, output: CreateKeyOutput },
      summary: 'Makes an API key, shown once, that may do no more than its maker.',
      secrets: { output: ['key'] },
    })
    .input(CreateKeyInput)
    .mutation(({ ctx, input }) => createKey(ctx, input)),
  revokeKey: mutation
    .meta({
      ...{ scope: 'keys:write', rest: 'POST /keys/:id/revoke', audit: 'key.revoke', output: RevokeKeyOutput },
      summary: 'Ends an API key for good, from its next request on.',
      errors: ['KEY_NOT_FOUND'],
    })
    .input(ById)
    .mutation(({ ctx, input }) => revokeKey(ctx, input)),
};
