import { ensureSecrets } from '#db/secrets.ts';
import { masterKeys, type Rotation, rotateKeys, serveConnectionsWith } from '#server/connections/index.ts';
import { createLogger } from '#server/lib/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { INSTALLATION } from '#server/tenancy/index.ts';
import { asJson, type ExitCode } from './command.ts';
import type { LocalDatabase } from './local-database.ts';
import { withDatabase } from './with-database.ts';

type Options = { isJson: boolean; print(text: string): void };
type Keys = { ENCRYPTION_KEY?: string | undefined; ENCRYPTION_KEY_OLD?: string | undefined };

/**
 * `mainspring secrets rotate`: a new data key, and every stored secret sealed with it, while the servers go on. The
 * installation's key is that of the environment, else of the home; 1 when something is still sealed with an old one.
 */
export async function rotateInDatabase(at: LocalDatabase, keys: Keys, options: Options): Promise<ExitCode> {
  const current = keys.ENCRYPTION_KEY ?? (await ensureSecrets(at.home)).encryptionKey;
  serveConnectionsWith({
    masters: masterKeys(current, keys.ENCRYPTION_KEY_OLD),
    outbound: createOutboundClient({ allowCidrs: [] }),
  });
  return withDatabase(at, { max: 2, command: 'secrets rotate' }, async (pool) => {
    const result = await rotateAll({
      ...{ pool, tenant: INSTALLATION, actor: { kind: 'system', id: 'mainspring secrets rotate' } },
      ...{ requestId: '', log: createLogger({ level: 'silent', tier: 'cli' }) },
    });
    if (options.isJson) options.print(asJson(result));
    else
      options.print(
        `${result.isNew ? 'A new key' : 'The newest key, of a rotation that was cut short,'} seals all from now on: ${result.keyId}\n` +
          `${result.resealed} secrets were sealed anew, ${result.remaining} remain.\n`,
      );
    return result.remaining === 0 ? 0 : 1;
  });
}

/** A call ends after some seconds; the next goes on. It stops when one changed nothing. */
async function rotateAll(ctx: Parameters<typeof rotateKeys>[0]): Promise<Rotation> {
  const first = await rotateKeys(ctx);
  let total = first;
  for (let last = first; last.remaining > 0 && last.resealed > 0; ) {
    last = await rotateKeys(ctx);
    total = { ...last, isNew: first.isNew, resealed: total.resealed + last.resealed };
  }
  return total;
}
