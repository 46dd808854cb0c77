export { readAddresses, sealAddress } from './addresses.ts';
export { CONNECTION_KINDS, type ConfigOf, type ConnectionKind, type OpenConnection, type SecretsOf } from './kinds.ts';
export { type MasterKeys, masterKeys } from './master-key.ts';
export { openConnection } from './read-connections.ts';
export { type Rotation, rotateKeys } from './rotate.ts';
export { connectionProcedures } from './router.ts';
export { outboundClient, serveConnectionsWith } from './services.ts';
