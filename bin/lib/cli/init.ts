// `mainspring init`: who may sign in first, where there is no demo.
import { initialise } from '#server/accounts/index.ts';
import { createLogger } from '#server/lib/index.ts';
import { asJson, type ExitCode } from './command.ts';
import type { LocalDatabase } from './local-database.ts';
import { UsageError } from './usage.ts';
import { withDatabase } from './with-database.ts';

export type InitFlags = {
  email: string | undefined;
  name: string | undefined;
  tenant: string | undefined;
  tenantName: string | undefined;
  adminEmail: string | undefined;
  /** What came on standard input, where --password-stdin asks for it. */
  password: string | null;
};
export type InitOptions = { baseUrl: string; isJson: boolean; print(text: string): void };

const EMAIL = /^[^@\s]+@[^@\s]+$/;

function emailOf(value: string | undefined, flag: string): string {
  const email = value?.trim().toLowerCase() ?? '';
  if (!EMAIL.test(email)) throw new UsageError(`init needs ${flag} with an e-mail address, not "${value ?? ''}"`);
  return email;
}

/** @throws UsageError, ServiceError */
export async function init(at: LocalDatabase, flags: InitFlags, options: InitOptions): Promise<ExitCode> {
  const email = emailOf(flags.email, '--email');
  const slug = flags.tenant ?? '';
  if (slug === '') throw new UsageError('init needs --tenant with the slug of the first tenant, such as "acme"');
  const input = {
    ...{ email, name: flags.name ?? email.split('@')[0]!, password: flags.password },
    tenant: { slug, name: flags.tenantName ?? slug },
    adminEmail: flags.adminEmail === undefined ? null : emailOf(flags.adminEmail, '--admin-email'),
  };
  return withDatabase<ExitCode>(at, { max: 1, command: 'init' }, async (pool) => {
    const [row] = await pool<
      { isMigrated: boolean }[]
    >`select to_regclass('public.invites') is not null as "isMigrated"`;
    if (!row?.isMigrated)
      throw new UsageError('this database has no tables yet: start Mainspring on it once (DEMO=false bin/start)');
    const log = createLogger({ level: 'warn', tier: 'cli' });
    const { tenant, passwordLink, adminLink } = await initialise({ pool, log }, input);
    const links = {
      passwordLink: passwordLink && options.baseUrl + passwordLink,
      adminLink: adminLink && options.baseUrl + adminLink,
    };
    if (options.isJson) {
      options.print(asJson({ operator: email, tenant, ...links }));
      return 0;
    }
    const lines = [`Instance operator ${email}, tenant "${tenant.slug}".`];
    if (links.passwordLink) lines.push(`Choose your password (once, within a day): ${links.passwordLink}`);
    if (links.adminLink) lines.push(`For ${input.adminEmail} (once, within a week):    ${links.adminLink}`);
    options.print(`${lines.join('\n')}\n`);
    return 0;
  });
}
