// The declarations of access.ts and access-functions.ts as SQL.
import { TABLE_ACCESS, type TableAccess } from './access.ts';
import { AUTH_FUNCTIONS, OWNER_FUNCTIONS, WORKER_FUNCTIONS, WORKER_OWNER_FUNCTIONS } from './access-functions.ts';
import { ident, type RoleNames } from './roles.ts';

/** Row security, policies and grants of every table, and the functions' owners. Idempotent. */
export function accessStatements(roles: RoleNames): string[] {
  const statements = [
    'REVOKE CREATE ON SCHEMA public FROM PUBLIC',
    `GRANT USAGE ON SCHEMA public TO ${ident(roles.app)}, ${ident(roles.worker)}, ${ident(roles.auth)}`,
  ];
  for (const [table, access] of Object.entries(TABLE_ACCESS)) {
    const name = `public.${ident(table)}`;
    for (const [role, verbs] of [
      [roles.app, access.app],
      [roles.worker, access.worker],
      [roles.auth, access.auth ?? []],
    ] as const) {
      statements.push(`REVOKE ALL ON ${name} FROM ${ident(role)}`);
      if (verbs.length > 0) statements.push(`GRANT ${verbs.join(', ')} ON ${name} TO ${ident(role)}`);
    }
    if (access.tenantColumn) statements.push(...policyStatements(table, access, roles));
  }
  for (const [role, functions] of [
    [roles.app, AUTH_FUNCTIONS],
    [roles.worker, WORKER_FUNCTIONS],
  ] as const) {
    for (const signature of functions) {
      statements.push(
        `GRANT CREATE ON SCHEMA public TO ${ident(roles.auth)}`,
        `ALTER FUNCTION public.${signature} OWNER TO ${ident(roles.auth)}`,
        `REVOKE CREATE ON SCHEMA public FROM ${ident(roles.auth)}`,
        `REVOKE ALL ON FUNCTION public.${signature} FROM PUBLIC`,
        `GRANT EXECUTE ON FUNCTION public.${signature} TO ${ident(role)}`,
      );
    }
  }
  for (const [role, functions] of [
    [roles.app, OWNER_FUNCTIONS],
    [roles.worker, WORKER_OWNER_FUNCTIONS],
  ] as const) {
    for (const signature of functions)
      statements.push(
        `REVOKE ALL ON FUNCTION public.${signature} FROM PUBLIC`,
        `GRANT EXECUTE ON FUNCTION public.${signature} TO ${ident(role)}`,
      );
  }
  statements.push('REVOKE ALL ON FUNCTION public.ms_ensure_partitions(int, int) FROM PUBLIC');
  return statements;
}

/** Fails closed: an unset or empty tenant matches no row. */
function policyStatements(table: string, access: TableAccess, roles: RoleNames): string[] {
  const name = `public.${ident(table)}`;
  const own = `${access.tenantColumn} = nullif(current_setting('mainspring.tenant_id', true), '')::uuid`;
  const policy = (label: string, role: string, rule: string) => [
    `DROP POLICY IF EXISTS ${ident(label)} ON ${name}`,
    `CREATE POLICY ${ident(label)} ON ${name} TO ${role} USING (${rule}) WITH CHECK (${rule})`,
  ];
  return [
    `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY`,
    `ALTER TABLE ${name} FORCE ROW LEVEL SECURITY`,
    ...policy('own_tenant', `${ident(roles.app)}, ${ident(roles.worker)}`, own),
    ...(access.isWorkerWide ? policy('queue', ident(roles.worker), 'true') : []),
    ...(access.auth ? policy('before_tenant', ident(roles.auth), 'true') : []),
    // Migrations and seeds run as the owner, who need not be a superuser; no process serves requests as it.
    ...policy('owner', 'CURRENT_USER', 'true'),
  ];
}
