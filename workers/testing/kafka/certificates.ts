// A certificate authority of a test's own and a broker's certificate from it, by the keytool that comes with Java.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const STORE_PASSWORD = 'of-a-test';
const EC = ['-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', '30'];

/**
 * Makes both in `dir`: the authority's certificate in PEM, for clients, and a PKCS12 store with the broker's key and
 * chain. The broker's certificate bears the address 127.0.0.1 and no name.
 */
export async function makeCertificates(dir: string): Promise<{ caFile: string; storeFile: string }> {
  const at = (name: string) => join(dir, name);
  const keytool = (store: string, ...args: string[]) =>
    run('keytool', [...args, '-keystore', at(store), '-storetype', 'PKCS12', '-storepass', STORE_PASSWORD]);
  await Promise.all([
    keytool('ca.p12', '-genkeypair', '-alias', 'ca', '-dname', 'CN=Authority of a test', '-ext', 'bc:c', ...EC),
    keytool('broker.p12', '-genkeypair', '-alias', 'broker', '-dname', 'CN=Broker of a test', ...EC),
  ]);
  await Promise.all([
    keytool('ca.p12', '-exportcert', '-rfc', '-alias', 'ca', '-file', at('ca.pem')),
    keytool('broker.p12', '-certreq', '-alias', 'broker', '-file', at('broker.csr')),
  ]);
  const signed = ['-infile', at('broker.csr'), '-outfile', at('broker.pem'), '-ext', 'san=ip:127.0.0.1'];
  await keytool('ca.p12', '-gencert', '-rfc', '-alias', 'ca', '-validity', '30', ...signed);
  await writeFile(
    at('chain.pem'),
    `${await readFile(at('broker.pem'), 'utf8')}${await readFile(at('ca.pem'), 'utf8')}`,
  );
  await keytool('broker.p12', '-importcert', '-noprompt', '-alias', 'broker', '-file', at('chain.pem'));
  return { caFile: at('ca.pem'), storeFile: at('broker.p12') };
}
