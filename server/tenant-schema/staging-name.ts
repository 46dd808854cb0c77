/** Tables in a tenant's schema that belong to one attempt of one run; they are no part of the catalogue. */
export const STAGING_PREFIX = 'ms_stage_';

export const isStagingTable = (name: string): boolean => name.startsWith(STAGING_PREFIX);
