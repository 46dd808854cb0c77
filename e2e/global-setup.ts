import { randomBytes } from 'node:crypto';
import { readInstallation } from './installation.ts';
import { startProduct } from './product.ts';
import { startReceiver } from './receiver.ts';

/**
 * Starts the product for all tests of the run. With E2E_HOME set to a home that is running already, that one is used
 * and left alone.
 */
export default async function globalSetup(): Promise<() => Promise<void>> {
  if (process.env.E2E_HOME) {
    process.env.E2E_BASE_URL = readInstallation().baseUrl;
    return async () => undefined;
  }
  const receiver = await startReceiver();
  const settings = {
    EVENT_PUBLISHER: 'webhook',
    OUTBOX_WEBHOOK_URL: `${receiver.url}/events`,
    // What tests connect to by themselves is here, too.
    OUTBOUND_ALLOW_CIDRS: '127.0.0.1/32',
    OUTBOX_WEBHOOK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
  };
  const product = await startProduct(settings, 'logs').catch(async (error: unknown) => {
    await receiver.close();
    throw error;
  });
  process.env.E2E_HOME = product.home;
  process.env.E2E_RECEIVER = receiver.url;
  process.env.E2E_BASE_URL = readInstallation().baseUrl;
  return async () => {
    await product.stop();
    await receiver.close();
  };
}
