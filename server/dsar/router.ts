import { mutation, procedure } from '#server/procedure.ts';
import { cancelRequest, createRequest, runRequest } from './change-requests.ts';
import { makeLink } from './download.ts';
import { getRequest, listRequests } from './read-requests.ts';
import {
  CancelDsarInput,
  CreateDsarInput,
  DsarLink,
  DsarPage,
  DsarRef,
  DsarRequest,
  ListDsarInput,
} from './schemas.ts';

export const dsarProcedures = {
  list: procedure
    .meta({
      rest: 'GET /dsar',
      summary: 'Lists requests of people for their data or its erasure, newest first.',
      scope: 'dsar:read',
      output: DsarPage,
    })
    .input(ListDsarInput)
    .query(({ ctx, input }) => listRequests(ctx, input)),
  get: procedure
    .meta({
      rest: 'GET /dsar/:id',
      summary: 'Returns a data request with its progress, its refusal or its receipt.',
      scope: 'dsar:read',
      output: DsarRequest,
      errors: ['DSAR_NOT_FOUND'],
    })
    .input(DsarRef)
    .query(({ ctx, input }) => getRequest(ctx, input)),
  create: mutation
    .meta({
      rest: 'POST /dsar',
      summary: 'Takes a request of a person to be given their data or to have it erased.',
      scope: 'dsar:write',
      audit: 'dsar.create',
      status: 201,
      output: DsarRequest,
      errors: ['DSAR_SUBJECT_NOT_FOUND', 'DSAR_OPEN'],
    })
    .input(CreateDsarInput)
    .mutation(({ ctx, input }) => createRequest(ctx, input)),
  run: mutation
    .meta({
      rest: 'POST /dsar/:id/run',
      summary: 'Has a data request carried out by a worker within some seconds.',
      scope: 'dsar:write',
      audit: 'dsar.run',
      status: 202,
      output: DsarRequest,
      errors: ['DSAR_NOT_FOUND', 'DSAR_STATE'],
    })
    .input(DsarRef)
    .mutation(({ ctx, input }) => runRequest(ctx, input)),
  cancel: mutation
    .meta({
      rest: 'POST /dsar/:id/cancel',
      summary: 'Ends a data request that is not being carried out.',
      scope: 'dsar:write',
      audit: 'dsar.cancel',
      output: DsarRequest,
      errors: ['DSAR_NOT_FOUND', 'DSAR_STATE'],
    })
    .input(CancelDsarInput)
    .mutation(({ ctx, input }) => cancelRequest(ctx, input)),
  link: mutation
    .meta({
      rest: 'POST /dsar/:id/link',
      summary: 'Makes a link by which the person downloads their bundle without an account.',
      scope: 'dsar:write',
      audit: 'dsar.link',
      status: 201,
      output: DsarLink,
      secrets: { output: ['path'] },
      errors: ['DSAR_NOT_FOUND', 'DSAR_BUNDLE_GONE'],
    })
    .input(DsarRef)
    .mutation(({ ctx, input }) => makeLink(ctx, input)),
};
