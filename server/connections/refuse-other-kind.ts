import { ServiceError } from '#server/lib/index.ts';
import type { ConnectionKind } from './kinds.ts';

/** @throws ServiceError CONNECTION_KIND_WRONG */
export function refuseOtherKind(row: { name: string; kind: ConnectionKind }, wanted: ConnectionKind): void {
  if (row.kind === wanted) return;
  throw new ServiceError(
    'CONNECTION_KIND_WRONG',
    `connection "${row.name}" is of the kind ${row.kind}; a ${wanted} connection is needed here`,
    { kind: row.kind, wanted },
  );
}
