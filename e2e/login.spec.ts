import { expect, signIn, test } from './fixtures.ts';

test('a visitor is asked to sign in and then sees the page that was asked for', async ({ page, installation }) => {
  await page.goto('/data/runs?status=succeeded');
  await expect(page).toHaveURL(/\/login\?next=/);
  await expect(page).toHaveTitle('Sign in · Mainspring');
  await page.getByLabel('E-mail').fill(installation.login.email);
  await page.getByLabel('Password').fill(installation.login.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/data\/runs\?status=succeeded$/);
});

test('the bare address leads to the scheduler, by way of the sign-in', async ({ page, installation }) => {
  await page.goto('/');
  await page.getByLabel('E-mail').fill(installation.login.email);
  await page.getByLabel('Password').fill(installation.login.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(`${installation.baseUrl}/data/scheduler`);
});

test('sign-in never leaves for another site', async ({ page, installation }) => {
  await page.goto('/login?next=//elsewhere.example/x');
  await page.getByLabel('E-mail').fill(installation.login.email);
  await page.getByLabel('Password').fill(installation.login.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(`${installation.baseUrl}/data/scheduler`);
});

test.describe('a wrong password', () => {
  test.use({ expectedErrors: [/status of 401/] });
  test('is refused in words, and the address is kept for the next try', async ({ page }) => {
    await page.goto('/login');
    await page.getByLabel('E-mail').fill('nobody@demo.example');
    await page.getByLabel('Password').fill('not the password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('alert')).toContainText('E-mail or password is wrong');
    await expect(page.getByLabel('E-mail')).toHaveValue('nobody@demo.example');
  });
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });
  test('one can sign in and read', async ({ page, installation }) => {
    await signIn(page, installation);
    await expect(page.getByText('flight-delays').filter({ visible: true }).first()).toBeVisible();
  });
});

test('who has signed out is asked to sign in again', async ({ page, installation, isMobile }) => {
  // By a session of its own: signing out ends it for every test that shares it.
  await signIn(page, installation);
  if (isMobile) await page.getByRole('button', { name: 'Open menu' }).click();
  await page.getByRole('button', { name: /^Account of/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/login$/);
  await page.goto('/data/scheduler');
  await expect(page).toHaveURL(/\/login\?next=/);
});
