// The roles, all with the installation's prefix because roles are cluster-wide:
//   <prefix>_app      web and API: sees only the tenant that the transaction names
//   <prefix>_worker   scheduler and runner: the same, but all tenants on the queue and schedule tables
//   <prefix>_auth     owns the look-ups that run before a tenant is known; cannot log in
//   <prefix>_t_<…>    one per tenant: owns that tenant's data schema; all that compiled SQL can be

export type RoleNames = { app: string; worker: string; auth: string };

export function roleNames(prefix: string): RoleNames {
  return { app: `${prefix}_app`, worker: `${prefix}_worker`, auth: `${prefix}_auth` };
}

export const ident = (name: string) => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** Creates the login roles where they are missing and sets their passwords. Names are checked by the caller. */
export function roleStatements(roles: RoleNames, passwords: { app: string; worker: string }): string[] {
  const make = (name: string, options: string) =>
    `DO $$ BEGIN CREATE ROLE ${ident(name)} ${options}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`;
  return [
    make(roles.auth, 'NOLOGIN'),
    make(roles.app, 'LOGIN NOINHERIT'),
    make(roles.worker, 'LOGIN NOINHERIT'),
    `ALTER ROLE ${ident(roles.app)} PASSWORD ${literal(passwords.app)}`,
    `ALTER ROLE ${ident(roles.worker)} PASSWORD ${literal(passwords.worker)}`,
    // CREATEROLE gives the maker ADMIN but not SET; owning functions as the auth role needs SET.
    `DO $$ BEGIN GRANT ${ident(roles.auth)} TO CURRENT_USER WITH SET TRUE, INHERIT FALSE; EXCEPTION WHEN OTHERS THEN
       IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = CURRENT_USER) THEN RAISE; END IF; END $$`,
  ];
}
