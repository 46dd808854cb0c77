// People of a tenant with a session of theirs.
import { createHash, randomBytes } from 'node:crypto';
import { withOwner } from './owner.ts';

export type Member = { email: string; name: string; role: 'viewer' | 'operator' | 'admin' };

/** Makes a person a member of the tenant, or finds the one of that address; the token of an hour's session. */
export function openSession(tenantId: string, { email, name, role }: Member): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  return withOwner(async (sql) => {
    const [user] = await sql<{ id: string }[]>`insert into users (email, name) values (${email}, ${name})
      on conflict (email) do update set name = excluded.name returning id`;
    await sql`insert into memberships (tenant_id, user_id, role) values (${tenantId}, ${user!.id}, ${role})
      on conflict do nothing`;
    await sql`insert into sessions (token_hash, user_id, tenant_id, expires_at)
      values (${createHash('sha256').update(token, 'utf8').digest()}, ${user!.id}, ${tenantId}, now() + interval '1 hour')`;
    return token;
  });
}

/** The cookie of such a session, as a browser context takes it. */
export const sessionCookie = (token: string, url: string) => ({
  ...{ name: 'mainspring_session', value: token, url, httpOnly: true },
});
