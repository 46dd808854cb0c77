export { readCatalogue } from './catalogue.ts';
export { describeSql } from './describe.ts';
export { isStagingTable, STAGING_PREFIX } from './staging-name.ts';
