// The document's shape, gathered.
export * from './schema/document.ts';
export * from './schema/names.ts';
export * from './schema/node-configs.ts';
export * from './schema/nodes.ts';
export * from './schema/schedule.ts';
